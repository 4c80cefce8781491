//! Secrets are masked on every line, and appear in no finding.

use super::read;
use crossgate_diag::{Look, to_json, to_text};
use expect_test::expect;

fn masked(text: &str) -> String {
    let read = read(text);
    let findings = &read.reading.findings;
    let told = to_text(&read.sources, findings, Look::PLAIN)
        + &to_json(&read.sources, findings).to_string();
    assert!(!told.contains("SeCrEt"), "{told}");
    assert!(!format!("{:?}", read.reading).contains("SeCrEt"));
    read.sources.get(read.reading.tree.file).masked()
}

#[test]
fn keys_and_passwords_of_every_command_are_masked() {
    let text = "\
version 17.9
hostname r1
enable secret 9 $9$SeCrEt
enable password SeCrEt
username bob privilege 15 secret 9 $9$SeCrEt
username al password 0 SeCrEt with blanks
username eve algorithm-type scrypt secret SeCrEt
snmp-server community SeCrEt RO 10
snmp-server user u g v3 auth sha SeCrEt priv aes 128 SeCrEt
snmp-server host 10.0.0.1 version 2c SeCrEt
snmp-server host 10.0.0.1 vrf Mgmt SeCrEt
tacacs-server key 7 SeCrEt
tacacs server T
 address ipv4 10.0.0.1
 key 7 SeCrEt
radius server R
 key SeCrEt
 pac key 7 SeCrEt
radius-server host 10.0.0.1 auth-port 1812 key SeCrEt
aaa group server tacacs+ G
 server-private 10.0.0.1 key 7 SeCrEt
key chain C
 key 1
  key-string 7 SeCrEt
 key 2
  key-string password SeCrEt
ntp authentication-key 1 md5 SeCrEt 7
crypto isakmp key SeCrEt address 192.0.2.1
crypto isakmp key 6 SeCrEt hostname h
crypto isakmp kye SeCrEt address 192.0.2.9
crypto keyring V1
 pre-shared-key address 192.0.2.1 255.255.255.255 key SeCrEt
 pre-shared-key address 192.0.2.2 key 6 SeCrEt
crypto ikev2 keyring K
 peer A
  description the key SeCret-less text stays
  address 192.0.2.1
  pre-shared-key SeCrEt
 peer B
  address 192.0.2.2
  pre-shared-key local 0 SeCrEt
  pre-shared-key remote hex 0aSeCrEt
  ppk manual id X key SeCrEt
 peer C
  pre-shared-key 6 SeCrEt
  pre-share SeCrEt trailing SeCrEt
 peer D
  adress 192.0.2.4
  xyzzy SeCrEt
  foo bar pre-shared SeCrEt
  SeCrEt
crypto ikev2 keyrng K2
 peer E
  xyzzy SeCrEt
crypto ikev2 profile P
 match identity remote key-id open
 authentication local pre-share key SeCrEt
 authentication remote pre-share key 6 SeCrEt
crypto pki trustpoint T
 password 7 SeCrEt
 rsakeypair open
crypto pki import T pem
-----BEGIN RSA PRIVATE KEY-----
SeCrEtSeCrEt
-----END RSA PRIVATE KEY-----
router ospf 1
 area 0 authentication message-digest
router bgp 65000
 neighbor 10.0.0.2 password 7 SeCrEt
interface Gi1
 ip ospf message-digest-key 1 md5 7 SeCrEt
 ip ospf authentication-key SeCrEt
 ppp chap password 0 SeCrEt
 ppp pap sent-username u password 0 SeCrEt
 standby 1 authentication md5 key-string SeCrEt
 standby 2 authentication SeCrEt
 ip nhrp authentication SeCrEt
 tunnel key 7
key config-key password-encrypt SeCrEt
line vty 0 4
 password 7 SeCrEt
 login
frobnicate password SeCrEt
ip ftp password SeCrEt
! the old password SeCrEt
! pre-shared-key SeCrEt
no such command secret SeCrEt
";
    let masked = masked(text);
    assert!(!masked.contains("SeCrEt"), "{masked}");
    expect![[r#"
        version 17.9
        hostname r1
        enable secret 9 *********
        enable password ******
        username bob privilege 15 secret 9 *********
        username al password 0 ******************
        username eve algorithm-type scrypt secret ******
        snmp-server community ****** RO 10
        snmp-server user u g v3 auth sha **************************
        snmp-server host 10.0.0.1 version 2c ******
        snmp-server host 10.0.0.1 vrf Mgmt ******
        tacacs-server key 7 ******
        tacacs server T
         address ipv4 10.0.0.1
         key 7 ******
        radius server R
         key ******
         pac key 7 ******
        radius-server host 10.0.0.1 auth-port 1812 key ******
        aaa group server tacacs+ G
         server-private 10.0.0.1 key 7 ******
        key chain C
         key 1
          key-string 7 ******
         key 2
          key-string password ******
        ntp authentication-key 1 md5 ********
        crypto isakmp key ****** address 192.0.2.1
        crypto isakmp key 6 ****** hostname h
        crypto isakmp kye ****** address 192.0.2.9
        crypto keyring V1
         pre-shared-key address 192.0.2.1 255.255.255.255 key ******
         pre-shared-key address 192.0.2.2 key 6 ******
        crypto ikev2 keyring K
         peer A
          description the key SeCret-less text stays
          address 192.0.2.1
          pre-shared-key ******
         peer B
          address 192.0.2.2
          pre-shared-key local 0 ******
          pre-shared-key remote hex ********
          ppk manual id X key ******
         peer C
          pre-shared-key 6 ******
          pre-share **********************
         peer D
          adress 192.0.2.4
          xyzzy ******
          foo bar pre-shared ******
          ******
        crypto ikev2 keyrng K2
         peer E
          xyzzy ******
        crypto ikev2 profile P
         match identity remote key-id open
         authentication local pre-share key ******
         authentication remote pre-share key 6 ******
        crypto pki trustpoint T
         password 7 ******
         rsakeypair open
        crypto pki import T pem
        *******************************
        ************
        *****************************
        router ospf 1
         area 0 authentication message-digest
        router bgp 65000
         neighbor 10.0.0.2 password 7 ******
        interface Gi1
         ip ospf message-digest-key 1 md5 7 ******
         ip ospf authentication-key ******
         ppp chap password 0 ******
         ppp pap sent-username u password 0 ******
         standby 1 authentication md5 key-string ******
         standby 2 authentication ******
         ip nhrp authentication ******
         tunnel key 7
        key **********************************
        line vty 0 4
         password 7 ******
         login
        frobnicate password ******
        ip ftp password ******
        ! the old password ******
        ! pre-shared-key ******
        no such command secret ******
    "#]]
    .assert_eq(&masked);
}

#[test]
fn words_that_only_look_like_secrets_stay() {
    let text = "\
version 17.9
service password-encryption
crypto key generate rsa modulus 2048
security passwords min-length 8
password encryption aes
ip ospf name-lookup
crypto ikev2 proposal A
 encryption aes-cbc-256
 integrity md5 sha1
 group 14
interface Tunnel0
 description the key site in town
 tunnel key 17
 ip ospf authentication message-digest
access-list 101 remark key servers
crypto ikev2 profile P
 authentication remote pre-share
 authentication local pre-share
 keyring local KEYS
";
    assert_eq!(masked(text), text);
}
