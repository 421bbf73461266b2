//! What is in the directory.

use std::{fmt::Write as _, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::PrivateDirectory;

pub(super) const ADMINISTRATOR: &str = "cn=administrator,dc=corp,dc=example";
pub(super) const PASSWORD: &str = "administrator";

/// The attributes and classes of Active Directory that are asked for, with its own numbers.
pub(super) const SCHEMA: &str = r"
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.363 NAME 'operatingSystem' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.619 NAME 'dNSHostName' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.2196 NAME 'msDS-ManagedPassword' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.3.23 NAME 'container' SUP top STRUCTURAL MUST cn )
objectclass ( 1.2.840.113556.1.3.30 NAME 'computer' SUP top STRUCTURAL MUST cn
  MAY ( objectGUID $ userAccountControl $ sAMAccountName $ operatingSystem $ dNSHostName ) )
objectclass ( 1.2.840.113556.1.5.282 NAME 'msDS-GroupManagedServiceAccount' SUP computer STRUCTURAL
  MAY msDS-ManagedPassword )
";

/// Only who pages gets everything: as with Active Directory, an answer has a limit.
pub(super) fn config(folder: &Path) -> String {
    let folder = folder.display();
    let reader = PrivateDirectory::READER;
    format!(
        r#"
include /etc/ldap/schema/core.schema
include {folder}/schema.conf
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/pid
argsfile {folder}/arguments
loglevel none

database mdb
suffix "dc=corp,dc=example"
rootdn "{ADMINISTRATOR}"
rootpw {PASSWORD}
directory {folder}/data
maxsize 67108864
dbnosync
limits * size.soft=500 size.hard=500 size.pr=500 size.prtotal=unlimited
access to attrs=userPassword by anonymous auth by * none
access to attrs=msDS-ManagedPassword by dn.exact="{reader}" read by * none
access to * by users read by * none
"#
    )
}

/// What concerns TLS is for the whole server, and stands before the database.
pub(super) fn with_certificate(config: &str, folder: &Path) -> String {
    let folder = folder.display();
    let tls = format!(
        "TLSCertificateFile {folder}/server.pem\nTLSCertificateKeyFile {folder}/server.key\n\
         TLSCACertificateFile {folder}/authority.pem\n"
    );
    config.replacen("loglevel none\n", &format!("loglevel none\n{tls}"), 1)
}

pub(super) fn ldif(managed_password: &[u8]) -> String {
    let mut text = String::from(FRAME);
    for &(name, container, control, system) in COMPUTERS {
        text.push_str(&computer(name, container, control, system));
        text.push('\n');
    }
    for number in 1..=PrivateDirectory::WORKSTATIONS {
        let name = format!("PC{number:04}");
        text.push_str(&computer(&name, "cn=Computers", 4096, "Windows 11 Pro"));
        text.push('\n');
    }
    text.push_str(MANAGED);
    if !managed_password.is_empty() {
        let value = STANDARD.encode(managed_password);
        let _never_fails = writeln!(text, "msDS-ManagedPassword:: {value}");
    }
    text
}

/// One entry. Its `objectGUID` is made of its name.
pub(super) fn computer(name: &str, container: &str, control: u32, system: &str) -> String {
    let base = PrivateDirectory::BASE;
    let mut guid = [0x11; 16];
    for (byte, letter) in guid.iter_mut().zip(name.bytes()) {
        *byte = letter;
    }
    // One that is no text, as most are.
    guid[15] = 0xff;
    let system = match system {
        "" => String::new(),
        system => format!("operatingSystem: {system}\n"),
    };
    format!(
        "dn: cn={name},{container},{base}\nobjectClass: computer\ncn: {name}\n\
         sAMAccountName: {name}$\nuserAccountControl: {control}\n{system}\
         dNSHostName: {}.corp.example\nobjectGUID:: {}\n",
        name.to_lowercase(),
        STANDARD.encode(guid)
    )
}

/// Name, container, userAccountControl, operatingSystem.
const COMPUTERS: &[(&str, &str, u32, &str)] = &[
    (
        "DC01",
        "ou=Domain Controllers",
        532_480,
        "Windows Server 2022 Datacenter",
    ),
    (
        "RODC1",
        "ou=Domain Controllers",
        83_890_176,
        "Windows Server 2022 Standard",
    ),
    ("RDS01", "ou=Servers", 4_096, "Windows Server 2022 Standard"),
    ("RDS02", "ou=Servers", 4_096, "Windows Server 2019 Standard"),
    ("WEB1", "ou=Servers", 4_096, "pc-linux-gnu"),
    (
        "LAB01",
        "ou=Lab,ou=Servers",
        4_096,
        "Windows Server 2022 Standard",
    ),
    (
        "LAB02",
        "ou=Deep,ou=Lab,ou=Servers",
        4_096,
        "Windows Server 2022 Standard",
    ),
    (
        "OLD1",
        "ou=Servers",
        4_098,
        "Windows Server 2012 R2 Standard",
    ),
];

const FRAME: &str = "\
dn: dc=corp,dc=example
objectClass: dcObject
objectClass: organization
dc: corp
o: Corp

dn: ou=Accounts,dc=corp,dc=example
objectClass: organizationalUnit
ou: Accounts

dn: cn=server,ou=Accounts,dc=corp,dc=example
objectClass: person
cn: server
sn: server
userPassword: correct horse

dn: cn=other,ou=Accounts,dc=corp,dc=example
objectClass: person
cn: other
sn: other
userPassword: correct horse

dn: ou=Domain Controllers,dc=corp,dc=example
objectClass: organizationalUnit
ou: Domain Controllers

dn: ou=Servers,dc=corp,dc=example
objectClass: organizationalUnit
ou: Servers

dn: ou=Lab,ou=Servers,dc=corp,dc=example
objectClass: organizationalUnit
ou: Lab

dn: ou=Deep,ou=Lab,ou=Servers,dc=corp,dc=example
objectClass: organizationalUnit
ou: Deep

dn: cn=Computers,dc=corp,dc=example
objectClass: container
cn: Computers

dn: ou=Elsewhere,dc=corp,dc=example
objectClass: referral
objectClass: extensibleObject
ou: Elsewhere
ref: ldap://other.example/ou=Elsewhere,dc=other,dc=example

";

/// A computer by its class, as every managed account is, and none.
const MANAGED: &str = "\
dn: cn=eidetic,ou=Servers,dc=corp,dc=example
objectClass: msDS-GroupManagedServiceAccount
cn: eidetic
sAMAccountName: eidetic$
userAccountControl: 4096
dNSHostName: eidetic.corp.example
";
