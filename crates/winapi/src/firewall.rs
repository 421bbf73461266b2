//! The firewall of Windows.
//!
//! See <https://learn.microsoft.com/windows/win32/api/netfw/nn-netfw-inetfwpolicy2>. Groups of rules
//! are named by their resource, which is the same in every language.

use windows::{
    Win32::{
        Foundation::{ERROR_FILE_NOT_FOUND, VARIANT_TRUE},
        NetworkManagement::WindowsFirewall::{
            INetFwPolicy2, INetFwRule, NET_FW_ACTION_ALLOW, NET_FW_IP_PROTOCOL_TCP,
            NET_FW_PROFILE_TYPE2, NET_FW_PROFILE2_ALL, NET_FW_PROFILE2_DOMAIN,
            NET_FW_PROFILE2_PRIVATE, NET_FW_PROFILE2_PUBLIC, NET_FW_RULE_DIR_IN, NetFwPolicy2,
            NetFwRule,
        },
        System::Com::{
            CLSCTX_INPROC_SERVER, COINIT_MULTITHREADED, CoCreateInstance, CoInitializeEx,
            CoUninitialize,
        },
    },
    core::BSTR,
};

use crate::{CallFailed, Result};

/// The firewall. Belongs to its thread.
pub struct Firewall {
    // Before the library, which has to outlive it.
    policy: INetFwPolicy2,
    _library: Library,
}

impl Firewall {
    /// The firewall of this computer.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn open() -> Result<Self> {
        let library = Library::open()?;
        // SAFETY: the library is open.
        let policy = unsafe { CoCreateInstance(&NetFwPolicy2, None, CLSCTX_INPROC_SERVER) }
            .map_err(CallFailed::of("CoCreateInstance"))?;
        Ok(Self {
            policy,
            _library: library,
        })
    }

    /// Whether it is on in any of the profiles that count now.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn is_on(&self) -> Result<bool> {
        let current = self.current_profiles()?;
        for profile in PROFILES {
            if current & profile.0 == 0 {
                continue;
            }
            // SAFETY: the interface is valid.
            let is_on = unsafe { self.policy.get_FirewallEnabled(profile) }
                .map_err(CallFailed::of("INetFwPolicy2::FirewallEnabled"))?;
            if is_on.as_bool() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a group of rules is on in the profiles that count now.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn lets_group_in(&self, group: &str) -> Result<bool> {
        let group = BSTR::from(group);
        // SAFETY: the interface is valid.
        let is_on = unsafe { self.policy.get_IsRuleGroupCurrentlyEnabled(&group) }
            .map_err(CallFailed::of("INetFwPolicy2::IsRuleGroupCurrentlyEnabled"))?;
        Ok(is_on.as_bool())
    }

    /// Turns a group of rules on, in the profiles that count now.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn let_group_in(&self, group: &str) -> Result<()> {
        let group = BSTR::from(group);
        let profiles = self.current_profiles()?;
        // SAFETY: the interface is valid.
        unsafe { self.policy.EnableRuleGroup(profiles, &group, VARIANT_TRUE) }
            .map_err(CallFailed::of("INetFwPolicy2::EnableRuleGroup"))
    }

    /// Whether the rule of this name lets a TCP port in.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn rule_lets_in(&self, name: &str, port: u16) -> Result<bool> {
        // SAFETY: the interfaces are valid.
        unsafe {
            let rules = self
                .policy
                .Rules()
                .map_err(CallFailed::of("INetFwPolicy2::Rules"))?;
            let rule = match rules.Item(&BSTR::from(name)) {
                Ok(rule) => rule,
                Err(error) if error.code() == ERROR_FILE_NOT_FOUND.to_hresult() => {
                    return Ok(false);
                }
                Err(error) => return Err(CallFailed::of("INetFwRules::Item")(error)),
            };
            let failed = "INetFwRule";
            let is_on = rule.Enabled().map_err(CallFailed::of(failed))?.as_bool();
            let action = rule.Action().map_err(CallFailed::of(failed))?;
            let direction = rule.Direction().map_err(CallFailed::of(failed))?;
            let protocol = rule.Protocol().map_err(CallFailed::of(failed))?;
            let ports = rule.LocalPorts().map_err(CallFailed::of(failed))?;
            Ok(is_on
                && action == NET_FW_ACTION_ALLOW
                && direction == NET_FW_RULE_DIR_IN
                && protocol == NET_FW_IP_PROTOCOL_TCP.0
                && ports == port.to_string())
        }
    }

    /// Makes a rule of this name, which lets a TCP port of a program in; instead of one that has
    /// the name.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn let_port_in(&self, name: &str, port: u16, program: &str) -> Result<()> {
        // SAFETY: the interfaces are valid.
        let made = unsafe {
            || -> windows::core::Result<()> {
                let rules = self.policy.Rules()?;
                let _there_was_none = rules.Remove(&BSTR::from(name));
                let rule: INetFwRule = CoCreateInstance(&NetFwRule, None, CLSCTX_INPROC_SERVER)?;
                rule.SetName(&BSTR::from(name))?;
                rule.SetApplicationName(&BSTR::from(program))?;
                // The protocol comes first: the ports are read by it.
                rule.SetProtocol(NET_FW_IP_PROTOCOL_TCP.0)?;
                rule.SetLocalPorts(&BSTR::from(port.to_string()))?;
                rule.SetDirection(NET_FW_RULE_DIR_IN)?;
                rule.SetAction(NET_FW_ACTION_ALLOW)?;
                rule.SetProfiles(NET_FW_PROFILE2_ALL.0)?;
                rule.SetEnabled(VARIANT_TRUE)?;
                rules.Add(&rule)
            }()
        };
        made.map_err(CallFailed::of("INetFwRules::Add"))
    }

    fn current_profiles(&self) -> Result<i32> {
        // SAFETY: the interface is valid.
        unsafe { self.policy.CurrentProfileTypes() }
            .map_err(CallFailed::of("INetFwPolicy2::CurrentProfileTypes"))
    }
}

/// COM on this thread, until it is dropped.
struct Library(std::marker::PhantomData<*const ()>);

impl Library {
    fn open() -> Result<Self> {
        // SAFETY: it is closed once for each time that it was opened, on the same thread, which the
        // pointer inside sees to.
        unsafe { CoInitializeEx(None, COINIT_MULTITHREADED) }
            .ok()
            .map_err(CallFailed::of("CoInitializeEx"))?;
        Ok(Self(std::marker::PhantomData))
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // SAFETY: see `open`.
        unsafe { CoUninitialize() };
    }
}

const PROFILES: [NET_FW_PROFILE_TYPE2; 3] = [
    NET_FW_PROFILE2_DOMAIN,
    NET_FW_PROFILE2_PRIVATE,
    NET_FW_PROFILE2_PUBLIC,
];
