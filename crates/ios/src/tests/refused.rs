//! Texts that can't be an IOS configuration.

use crossgate_diag::Sources;
use expect_test::expect;

fn refusal(text: &str) -> String {
    let mut sources = Sources::new();
    let file = sources.add("x.cfg", text);
    match crate::read(&mut sources, file) {
        Ok(_) => "read".into(),
        Err(refused) => refused.to_string(),
    }
}

#[test]
fn one_sentence_says_why_a_text_is_no_configuration() {
    let texts = [
        "",
        " \r\n\t\n",
        "hostname x\0\n",
        "<config version=\"11.1.0\"><devices/></config>",
        "set network ike gateway HQ disabled no\n",
        "Dear Sir or Madam,\n\nplease find enclosed the configuration.\n",
        "{\"json\": true}",
        "! only a comment\n!\n",
    ];
    let refusals: Vec<_> = texts.iter().map(|text| refusal(text)).collect();
    expect![[r#"
        x.cfg is not an IOS configuration: it is empty
        x.cfg is not an IOS configuration: it is empty
        x.cfg is not an IOS configuration: it has NUL bytes, so it is no text
        x.cfg is not an IOS configuration: no line of it is a configuration command
        x.cfg is not an IOS configuration: no line of it is a configuration command
        x.cfg is not an IOS configuration: no line of it is a configuration command
        x.cfg is not an IOS configuration: no line of it is a configuration command
        x.cfg is not an IOS configuration: no line of it is a configuration command"#]]
    .assert_eq(&refusals.join("\n"));
}

#[test]
fn dialect_detection_counts_commands() {
    let score = crate::looks_like;
    assert_eq!(score("<config/>"), 0);
    assert_eq!(
        score("set deviceconfig system hostname x\nset network interface ethernet"),
        0
    );
    assert_eq!(
        score("hostname x\ninterface Gi0/0/0\n ip address dhcp\n!\nend\n"),
        3
    );
}
