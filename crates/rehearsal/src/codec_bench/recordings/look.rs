//! The settings of the desktop and its applications.

use std::{ffi::OsString, fs, path::Path};

use anyhow::{Context, Result, ensure};
use eidetic_testkit::VirtualDisplay;

/// How the desktop looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// 1920x1080, grey smoothing of fonts.
    Usual,
    /// 3840x2160, everything twice as large, sub-pixel smoothing of fonts.
    Fine,
}

impl Look {
    /// Width and height of the screen.
    pub const fn size(self) -> (u32, u32) {
        let scale = self.scale();
        (1920 * scale, 1080 * scale)
    }

    /// How many pixels make one of a 1920x1080 screen, in each direction.
    pub const fn scale(self) -> u32 {
        match self {
            Self::Usual => 1,
            Self::Fine => 2,
        }
    }

    /// The order of a pixel's colours as font settings call it.
    const fn subpixels(self) -> &'static str {
        match self {
            Self::Usual => "none",
            Self::Fine => "rgb",
        }
    }

    /// The environment of the applications of the user with this folder.
    pub fn environment(self, home: &Path) -> Vec<(&'static str, OsString)> {
        vec![
            ("HOME", home.into()),
            ("XDG_CONFIG_HOME", home.join("config").into()),
            ("XDG_CACHE_HOME", home.join("cache").into()),
            ("XDG_DATA_HOME", home.join("data").into()),
            ("XDG_RUNTIME_DIR", home.into()),
            ("GSETTINGS_BACKEND", "memory".into()),
            ("NO_AT_BRIDGE", "1".into()),
            ("DBUS_SESSION_BUS_ADDRESS", "disabled:".into()),
            ("GDK_SCALE", self.scale().to_string().into()),
            ("LANG", "C.UTF-8".into()),
            ("TERM", "xterm-256color".into()),
        ]
    }

    /// Writes the settings of the desktop and the applications.
    pub fn write_settings(self, home: &Path, clock: &Path) -> Result<()> {
        let config = home.join("config");
        let put = |name: &str, text: &str| -> Result<()> {
            let path = config.join(name);
            let folder = path.parent().context("a file without a folder")?;
            fs::create_dir_all(folder)?;
            fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))
        };
        put("gtk-3.0/settings.ini", &self.gtk())?;
        put("fontconfig/fonts.conf", &self.fontconfig())?;
        put("tint2/tint2rc", &self.panel(clock))?;
        put("openbox/rc.xml", &self.window_manager()?)?;
        put("libfm/libfm.conf", &self.icons())?;
        fs::write(home.join(".gtkrc-2.0"), self.old_gtk())?;
        let office = home.join("office/user");
        fs::create_dir_all(&office)?;
        fs::write(office.join("registrymodifications.xcu"), OFFICE)?;
        Ok(())
    }

    /// Tells the display how programs without toolkits are to draw fonts.
    pub fn set_resources(self, display: &VirtualDisplay, home: &Path) -> Result<()> {
        let file = home.join("resources");
        let subpixels = self.subpixels();
        let text = format!(
            "Xft.antialias: 1\nXft.hinting: 1\nXft.hintstyle: hintslight\nXft.rgba: {subpixels}\n\
             Xft.lcdfilter: lcddefault\nXcursor.size: {}\n",
            24 * self.scale()
        );
        fs::write(&file, text)?;
        let status = display.command("xrdb").arg("-merge").arg(file).status();
        let status = status.context("failed to start xrdb (Debian package x11-xserver-utils)")?;
        ensure!(status.success(), "xrdb ended with {status}");
        Ok(())
    }

    fn gtk(self) -> String {
        format!(
            "[Settings]\n\
             gtk-theme-name=Adwaita\n\
             gtk-icon-theme-name=Adwaita\n\
             gtk-font-name=DejaVu Sans 10\n\
             gtk-xft-antialias=1\n\
             gtk-xft-hinting=1\n\
             gtk-xft-hintstyle=hintslight\n\
             gtk-xft-rgba={}\n\
             gtk-xft-dpi=98304\n\
             gtk-cursor-blink-timeout=86400\n",
            self.subpixels()
        )
    }

    /// GTK 2 knows no scale.
    fn old_gtk(self) -> String {
        let points = 10 * self.scale();
        let subpixels = self.subpixels();
        format!(
            "gtk-icon-theme-name=\"Adwaita\"\n\
             gtk-font-name=\"DejaVu Sans {points}\"\n\
             gtk-xft-antialias=1\n\
             gtk-xft-hinting=1\n\
             gtk-xft-hintstyle=\"hintslight\"\n\
             gtk-xft-rgba=\"{subpixels}\"\n"
        )
    }

    /// The file manager's.
    fn icons(self) -> String {
        let (big, small) = (48 * self.scale(), 24 * self.scale());
        format!("[ui]\nbig_icon_size={big}\nsmall_icon_size={small}\npane_icon_size={small}\n")
    }

    fn fontconfig(self) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n<fontconfig>\n\
             <match target=\"font\">\n\
             <edit name=\"antialias\" mode=\"assign\"><bool>true</bool></edit>\n\
             <edit name=\"hinting\" mode=\"assign\"><bool>true</bool></edit>\n\
             <edit name=\"hintstyle\" mode=\"assign\"><const>hintslight</const></edit>\n\
             <edit name=\"rgba\" mode=\"assign\"><const>{}</const></edit>\n\
             <edit name=\"lcdfilter\" mode=\"assign\"><const>lcddefault</const></edit>\n\
             </match>\n</fontconfig>\n",
            self.subpixels()
        )
    }

    fn panel(self, clock: &Path) -> String {
        let scale = self.scale();
        format!(
            "rounded = 0\nborder_width = 0\nbackground_color = #2b2f38 100\n\
             rounded = {round}\nborder_width = 0\nbackground_color = #4a5364 100\n\
             panel_items = TE\npanel_size = 100% {height}\n\
             panel_position = bottom center horizontal\npanel_layer = top\n\
             panel_background_id = 1\nwm_menu = 0\nstrut_policy = follow_size\n\
             taskbar_mode = single_desktop\ntask_text = 1\ntask_icon = 1\n\
             task_maximum_size = {task} {height}\ntask_font = DejaVu Sans {small}\n\
             task_font_color = #ffffff 90\ntask_background_id = 1\n\
             task_active_background_id = 2\n\
             execp = new\nexecp_command = /bin/cat {clock}\nexecp_continuous = 1\n\
             execp_interval = 0\nexecp_font = DejaVu Sans {text}\n\
             execp_font_color = #ffffff 100\nexecp_padding = {padding} 0\n",
            round = 2 * scale,
            height = 32 * scale,
            task = 200 * scale,
            small = 9 * scale,
            text = 10 * scale,
            padding = 12 * scale,
            clock = clock.display(),
        )
    }

    /// Debian's own, with larger titles where everything is larger.
    fn window_manager(self) -> Result<String> {
        let system = fs::read_to_string("/etc/xdg/openbox/rc.xml")
            .context("failed to read the settings of openbox (Debian package openbox)")?;
        let sizes = |text: String, size: u32| {
            let from = format!("<size>{size}</size>");
            text.replace(&from, &format!("<size>{}</size>", size * self.scale()))
        };
        Ok(sizes(sizes(system, 8), 9))
    }
}

/// LibreOffice without its greetings.
const OFFICE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Common/Misc"><prop oor:name="ShowTipOfTheDay" oor:op="fuse"><value>false</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Misc"><prop oor:name="FirstRun" oor:op="fuse"><value>false</value></prop></item>
<item oor:path="/org.openoffice.Setup/Product"><prop oor:name="ooSetupLastVersion" oor:op="fuse"><value>99.9</value></prop></item>
<item oor:path="/org.openoffice.Setup/Product"><prop oor:name="LastTimeDonateShown" oor:op="fuse"><value>4102444800</value></prop></item>
<item oor:path="/org.openoffice.Setup/Product"><prop oor:name="LastTimeGetInvolvedShown" oor:op="fuse"><value>4102444800</value></prop></item>
</oor:items>
"#;
