//! The two forms themselves: commands, documents, parts of documents, and what is neither.

use crate::{check, check_both, dump, reading_of};
use crossgate_diag::Sources;
use expect_test::expect;

#[test]
fn the_same_with_and_without_set_prompts_and_comments() {
    check(
        "# a remark
admin@fw> configure
[edit]
admin@fw# set deviceconfig system hostname one
[edit]
network interface tunnel units tunnel.1
admin@fw# show
exit
",
        expect![[r#"
            hostname one
            interface tunnel.1 Tunnel []
            note[prompt-skipped] the device's prompts are skipped
              ^ fw:2:1 5 in all
        "#]],
    );
}

#[test]
fn every_way_to_start_a_path() {
    check(
        "set config devices localhost.localdomain network interface tunnel units tunnel.1
set devices localhost.localdomain network interface tunnel units tunnel.2
set vsys vsys1 zone a network layer3 tunnel.1
set zone b network layer3 tunnel.2
set config shared address x ip-netmask 10.0.0.1
",
        expect![[r#"
            interface tunnel.1 Tunnel [] zone a
            interface tunnel.2 Tunnel [] zone b
            zone a [tunnel.1]
            zone b [tunnel.2]
            address x 10.0.0.1/32
        "#]],
    );
}

#[test]
fn edit_leads_down_and_top_back() {
    check(
        "edit network interface tunnel
set units tunnel.1 comment \"in two words\"
top
set deviceconfig system hostname fw
",
        expect![[r#"
            hostname fw
            interface tunnel.1 Tunnel [] -- in two words
        "#]],
    );
}

#[test]
fn what_is_said_again_replaces_and_lists_grow() {
    check(
        "set deviceconfig system hostname one
set deviceconfig system hostname two
set network interface tunnel units tunnel.1
set zone vpn network layer3 tunnel.1
set zone vpn network layer3 [ tunnel.2 tunnel.3 ]
delete zone vpn network layer3 tunnel.2
delete zone nothing
",
        expect![[r#"
            hostname two
            interface tunnel.1 Tunnel [] zone vpn
            zone vpn [tunnel.1,tunnel.3]
            note[said-twice] `hostname` is said twice
              ^ fw:2:34 this one holds
              - fw:1:34 this one is replaced
            error[undefined-name] there is no interface `tunnel.3`
              ^ fw:5:40 nothing of this name is defined
            note[nothing-to-delete] this file has nothing of that name there
              ^ fw:7:13 not said before
        "#]],
    );
}

#[test]
fn unknown_words_are_told_once_a_subtree() {
    check_both(
        "set network ike gatway G protocol version ikev2
set network ike gatway G protocol ikev2 dpd enable yes
set network frobnicate deeply nested things
set deviceconfig system shoe-size 43
set network ike gateway G colour red
",
        expect![[r#"
            connection G (off), never starts
              local as address 0.0.0.0
              remote any as []
              auth no key, lifetime 28800s
              nat false keepalive 20s, fragments None, liveness None
              ike  default AES-CBC-128,3DES-CBC / HMAC-SHA1-96 / PRF-HMAC-SHA1 / MODP-1024
            warning[unknown-element] `gatway` is not known and not obeyed
              ^ fw:1:17 no known element of `ike`
              ? write `gateway`
            note[unknown-element] `frobnicate` is not known and not obeyed
              ^ fw:3:13 no known element of `network`
            note[unknown-element] `shoe-size` is not known and not obeyed
              ^ fw:4:25 no known element of `system`
            warning[missing-value] the gateway `G` has no peer address
              ^ fw:5:25 taken as `peer-address dynamic`: it waits for the peer
            error[key-missing] the gateway `G` has no pre-shared key
              ^ fw:5:25 expected a `pre-shared-key key`
            warning[unsupported-algorithm] `3des` can't be used
              ^ fw:5:25 never agreed to: this program doesn't have it
            warning[weak-algorithm] `group2` is weak
              ^ fw:5:25 offered, and taken if the peer wants it
              = RFC 8247 and RFC 8221 say that it should not or must not be used
            error[not-obeyed] the gateway `G` speaks IKEv1 only
              ^ fw:5:25 no `protocol version` here, and `ikev1` is the default
              ? say `protocol version ikev2`
            warning[unknown-element] `colour` is not known and not obeyed
              ^ fw:5:27 no known element of `G`
        "#]],
    );
}

#[test]
fn lines_that_are_no_configuration() {
    check(
        "set deviceconfig system hostname fw
this is prose
set galaxy far away
rename vsys vsys1 zone a to b
config
set deviceconfig system hostname \"open
",
        expect![[r#"
            hostname "open
            warning[unknown-line] this line is not a configuration command
              ^ fw:2:1 expected `set` or `delete`
            warning[unknown-line] no section of the configuration is called `galaxy`
              ^ fw:3:5 expected `network`, `deviceconfig`, `vsys`, `rulebase` …
            warning[not-obeyed] `rename` commands are not followed
              ^ fw:4:1 this changes nothing here
              ? load a configuration in which the change is already made
            warning[unknown-line] this line is not a configuration command
              ^ fw:5:1 expected `set` or `delete`
            warning[unclosed-quote] this quote is never closed
              ^ fw:6:34 taken as a character of the word
            note[said-twice] `hostname` is said twice
              ^ fw:6:34 this one holds
              - fw:1:34 this one is replaced
        "#]],
    );
}

#[test]
fn an_answer_of_the_xml_api() {
    check(
        r#"<response status="success" code="19"><result total-count="1" count="1">
  <ike><gateway><entry name="G"><disabled>yes</disabled></entry></gateway></ike>
</result></response>"#,
        expect![[r#"
            connection G (off), never starts
              local as address 0.0.0.0
              remote any as []
              auth no key, lifetime 28800s
              nat false keepalive 20s, fragments None, liveness None
              ike  default AES-CBC-128,3DES-CBC / HMAC-SHA1-96 / PRF-HMAC-SHA1 / MODP-1024
            warning[missing-value] the gateway `G` has no peer address
              ^ fw:2:30 taken as `peer-address dynamic`: it waits for the peer
            error[key-missing] the gateway `G` has no pre-shared key
              ^ fw:2:30 expected a `pre-shared-key key`
            warning[unsupported-algorithm] `3des` can't be used
              ^ fw:2:30 never agreed to: this program doesn't have it
            warning[weak-algorithm] `group2` is weak
              ^ fw:2:30 offered, and taken if the peer wants it
              = RFC 8247 and RFC 8221 say that it should not or must not be used
            error[not-obeyed] the gateway `G` speaks IKEv1 only
              ^ fw:2:30 no `protocol version` here, and `ikev1` is the default
              ? say `protocol version ikev2`
        "#]],
    );
    check(
        r#"<response status="error" code="403"><result><msg>Invalid credential</msg></result></response>"#,
        expect![[r#"
            refused: it is an XML API's error answer and holds no configuration
        "#]],
    );
    check(
        r#"<response status="success"><result/></response>"#,
        expect![[r#"
        refused: it is an XML API's answer without a configuration in it
    "#]],
    );
}

#[test]
fn parts_go_where_their_children_belong() {
    for (xml, expected) in [
        (
            r#"<entry name="tunnel.5"><comment>unit</comment><mtu>1400</mtu></entry>"#,
            expect![[r#"
                interface tunnel.5 Tunnel [] mtu 1400 -- unit
            "#]],
        ),
        (
            r#"<entry name="G"><protocol><version>ikev2</version></protocol><peer-address><ip>192.0.2.1</ip></peer-address></entry>"#,
            expect![[r#"
                connection G (off), starts on traffic
                  local as address 0.0.0.0
                  remote 192.0.2.1 as [address 192.0.2.1]
                  auth no key, lifetime 28800s
                  nat false keepalive 20s, fragments None, liveness None
                  ike  default AES-CBC-128,3DES-CBC / HMAC-SHA1-96 / PRF-HMAC-SHA1 / MODP-1024
                error[key-missing] the gateway `G` has no pre-shared key
                  ^ fw:1:14 expected a `pre-shared-key key`
                warning[unsupported-algorithm] `3des` can't be used
                  ^ fw:1:14 never agreed to: this program doesn't have it
                warning[weak-algorithm] `group2` is weak
                  ^ fw:1:14 offered, and taken if the peer wants it
                  = RFC 8247 and RFC 8221 say that it should not or must not be used
            "#]],
        ),
        (
            r#"<network><interface><tunnel><units><entry name="tunnel.1"/></units></tunnel></interface></network>"#,
            expect![[r#"
                interface tunnel.1 Tunnel []
            "#]],
        ),
        (
            r#"<rules><entry name="R"><from><member>a</member></from><action>allow</action></entry></rules>"#,
            expect![[r#"
                security R: [a] [] -> [] [] application [] service [] Allow
            "#]],
        ),
        (
            r#"<static-route><entry name="R"><destination>10.0.0.0/8</destination><nexthop><discard/></nexthop></entry></static-route>"#,
            expect![[r#"
                route  R 10.0.0.0/8 via discard distance 10 metric 10 router default
            "#]],
        ),
        (
            r#"<system><hostname>fw</hostname></system>"#,
            expect![[r#"
            hostname fw
        "#]],
        ),
    ] {
        check(xml, expected);
    }
}

#[test]
fn what_is_no_configuration_is_refused_in_one_sentence() {
    for (text, expected) in [
        (
            "",
            expect![[r#"
            refused: it is empty
        "#]],
        ),
        (
            "hostname router\ninterface Gi1\n",
            expect![[r#"
            refused: it is neither XML nor `set` commands of PAN-OS
        "#]],
        ),
        (
            "<html><body>hello</body></html>",
            expect![[r#"
            refused: its element `<html>` is no part of a PAN-OS configuration
        "#]],
        ),
        (
            "<config>\n  <devices>\n</config>",
            expect![[r#"
            refused: it is not well-formed XML: line 3, column 1: expected `</devices>`, found `</config>`
        "#]],
        ),
        (
            "\n\n<config>\n  <a b=></a></config>",
            expect![[r#"
            refused: it is not well-formed XML: line 4, column 8: this is not what an element looks like
        "#]],
        ),
        (
            "<config><shared>",
            expect![[r#"
                warning[cut-off] this file ends too early: what follows is missing
                  ^ fw:1:16 read up to here
                  = 2 elements are not closed, the last of them `shared`
                  ? export the configuration again, and look whether all of it has arrived
            "#]],
        ),
        (
            "<config>&unknown;</config>",
            expect![[r#"
            refused: it is not well-formed XML: line 1, column 9: a `&` that starts no known entity; write `&amp;`
        "#]],
        ),
        (
            "<!DOCTYPE c [<!ENTITY x 'y'>]><config>&x;</config>",
            expect![[r#"
            refused: it has a document type declaration (`<!DOCTYPE …>`), which no PAN-OS configuration has; entities are never expanded here
        "#]],
        ),
        (
            "<config a='1' a='2'/>",
            expect![[r#"
            refused: it is not well-formed XML: line 1, column 15: the attribute `a` stands twice
        "#]],
        ),
        (
            "<config/><config/>",
            expect![[r#"
            refused: it is not well-formed XML: line 1, column 10: this is not what an element looks like
        "#]],
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn a_document_with_a_byte_order_mark_cdata_and_comments() {
    check(
        "\u{feff}\n<config version='10.2.0' detail-version='10.2.4'><!-- remark --><devices><entry name='localhost.localdomain'>\
         <deviceconfig><system><hostname><![CDATA[fw&co]]></hostname></system></deviceconfig></entry></devices></config>",
        expect![[r#"
            hostname fw&co
            release 10.2.4 (pan-os 10.2.4)
        "#]],
    );
}

#[test]
fn an_element_twice_and_an_empty_one() {
    check(
        "<config><devices><entry name='localhost.localdomain'><deviceconfig><system><hostname>a</hostname>\
         <hostname>b</hostname></system></deviceconfig><network><ike><gateway><entry name='G'><disabled/>\
         </entry></gateway></ike></network></entry><entry name='second'><network/></entry></devices></config>",
        expect![[r#"
            hostname a
            connection G (off), never starts
              local as address 0.0.0.0
              remote any as []
              auth no key, lifetime 28800s
              nat false keepalive 20s, fragments None, liveness None
              ike  default AES-CBC-128,3DES-CBC / HMAC-SHA1-96 / PRF-HMAC-SHA1 / MODP-1024
            warning[said-twice] `hostname` can hold one thing only
              ^ fw:1:108 this is not obeyed
              - fw:1:86 this one holds
            warning[missing-value] the gateway `G` has no peer address
              ^ fw:1:180 taken as `peer-address dynamic`: it waits for the peer
            error[key-missing] the gateway `G` has no pre-shared key
              ^ fw:1:180 expected a `pre-shared-key key`
            warning[unsupported-algorithm] `3des` can't be used
              ^ fw:1:180 never agreed to: this program doesn't have it
            warning[weak-algorithm] `group2` is weak
              ^ fw:1:180 offered, and taken if the peer wants it
              = RFC 8247 and RFC 8221 say that it should not or must not be used
            error[not-obeyed] the gateway `G` speaks IKEv1 only
              ^ fw:1:180 no `protocol version` here, and `ikev1` is the default
              ? say `protocol version ikev2`
            warning[missing-value] `disabled` has no value
              ^ fw:1:184 expected yes or no
            warning[not-obeyed] a configuration of one device has one entry in `devices`
              ^ fw:1:249 this one is not obeyed
        "#]],
    );
}

const HQ_XML: &str = include_str!("../../../../examples/site-to-site/hq.xml");
const HQ_SET: &str = include_str!("../../../../examples/site-to-site/hq.set");

fn model(text: &str) -> String {
    dump::gateway(&reading_of(text).1.gateway)
}

#[test]
fn a_session_in_which_a_document_was_shown() {
    let session = format!("admin@fw> show config running\n\n{HQ_XML}\nadmin@fw> exit\n");
    assert_eq!(crossgate_panos::looks_like(&session), 100);
    let (sources, reading) = reading_of(&session);
    assert_eq!(dump::gateway(&reading.gateway), model(HQ_XML));
    expect![[r#"
        note[text-skipped] what stands around the document is skipped
          ^ fw:1:1 no part of the configuration
        note[text-skipped] what stands around the document is skipped
          ^ fw:314:1 no part of the configuration
    "#]]
    .assert_eq(&dump::findings(&sources, &reading.findings));
}

#[test]
fn a_session_in_which_commands_were_shown_by_pages() {
    let mut lines = HQ_SET.lines();
    let mut session = String::from("admin@fw# show\r\n");
    for page in 0_usize.. {
        let shown: Vec<&str> = lines.by_ref().take(23).collect();
        if shown.is_empty() {
            break;
        }
        session += &format!("{}\r\n", shown.join("\r\n"));
        let (first, last) = (page * 23 + 1, page * 23 + 23);
        session += &match page % 2 {
            0 => format!("\u{1b}[7mlines {first}-{last} \u{1b}[27m\u{1b}[K\r\u{1b}[K"),
            _ => "--More--\u{8}\u{8}\u{8}        ".to_owned(),
        };
    }
    session += "\r\n[edit]\r\nadmin@fw# \r\n";
    let (sources, reading) = reading_of(&session);
    assert_eq!(dump::gateway(&reading.gateway), model(HQ_SET));
    expect![[r#"
        note[prompt-skipped] the device's prompts are skipped
          ^ fw:1:1 3 in all
        note[paging-skipped] the terminal's marks between pages are skipped
          ^ fw:25:5 4 in all
    "#]]
    .assert_eq(&dump::findings(&sources, &reading.findings));
}

#[test]
fn line_ends_and_a_byte_order_mark_change_nothing() {
    for text in [HQ_XML, HQ_SET] {
        let other = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        let (sources, reading) = reading_of(&other);
        assert_eq!(dump::gateway(&reading.gateway), model(text));
        assert_eq!(dump::findings(&sources, &reading.findings), "");
    }
}

#[test]
fn of_a_document_that_is_cut_off_the_rest_is_read() {
    let end = HQ_XML.find("<virtual-router>").expect("a router") + 40;
    let (sources, reading) = reading_of(&HQ_XML[..end]);
    let whole = model(HQ_XML);
    let expected = whole.lines().filter(|line| line.contains("child "));
    let tunnels = dump::gateway(&reading.gateway);
    let tunnels: Vec<&str> = tunnels.lines().filter(|l| l.contains("child ")).collect();
    assert_eq!(tunnels, expected.collect::<Vec<_>>());
    expect![[r#"
        warning[cut-off] this file ends too early: what follows is missing
          ^ fw:127:24 read up to here
          = 5 elements are not closed, the last of them `virtual-router`
          ? export the configuration again, and look whether all of it has arrived
    "#]]
    .assert_eq(&dump::findings(&sources, &reading.findings));
}

#[test]
fn a_document_cut_off_anywhere_is_read_with_a_warning_or_refused() {
    let mut read = 0;
    let (ends, step) = (60..HQ_XML.trim_end().len(), 29);
    let cuts = ends.len() / step;
    for end in ends.step_by(step) {
        let mut sources = Sources::new();
        let file = sources.add("fw", &HQ_XML[..end]);
        if let Ok(reading) = crossgate_panos::read(&mut sources, file) {
            assert!(
                reading.findings.iter().any(|f| f.code == "cut-off"),
                "{end}"
            );
            read += 1;
        }
    }
    assert!(read >= cuts, "{read} of {cuts}");
}
