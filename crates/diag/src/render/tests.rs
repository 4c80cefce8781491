//! What each renderer makes of the same findings.

use super::*;
use crate::{Amendment, Certainty, Edit, Fix, Span, Symptom};
use expect_test::{Expect, expect};

const HQ: &str = "one\nremote 10.10.10.0/23\n";
const BRANCH: &str = "crypto map\n permit ip 10.10.10.0 0.0.0.255\nkey TopSecret\n";

/// A finding with everything that one can have.
fn mirror() -> (Sources, Finding) {
    let mut sources = Sources::new();
    let hq = sources.add("hq.set", HQ);
    let branch = sources.add("branch.cfg", BRANCH);
    sources.redact(Span::new(branch, 47..56));
    let wrong = Span::new(hq, 11..24);
    let permit = Span::new(branch, 22..42);
    let mut finding = Finding::error(
        "ts-not-mirrored",
        "the proxy ID is not the mirror of the ACL",
    )
    .at(wrong, "HQ says <23> & more")
    .beside(permit, "the branch offers /24")
    .when("in IKE_AUTH")
    .starter("whoever starts")
    .certain(Certainty::Doc)
    .noted("the Child SA is refused with TS_UNACCEPTABLE");
    let symptom = |end: &str, line: &str| Symptom {
        end: end.into(),
        line: line.into(),
    };
    finding.symptoms = vec![
        symptom("branch", "%CRYPTO-4-ONE: first"),
        symptom("branch", "%CRYPTO-4-TWO: second"),
        symptom("hq", "ike-nego-p2 failed"),
    ];
    let narrow = Amendment {
        file: hq,
        edits: vec![Edit::new(wrong, "10.10.10.0/24")],
        commands: vec!["remote 10.10.10.0/24".into()],
    };
    let after = Span::new(branch, 43..43);
    let widen = Amendment {
        file: branch,
        edits: vec![
            Edit::new(permit, "10.10.10.0 0.0.1.255"),
            Edit::secret(after, " key hunter2\n", " key ********\n"),
        ],
        commands: vec![
            "crypto map".into(),
            " permit ip 10.10.10.0 0.0.1.255".into(),
        ],
    };
    finding.fixes = vec![
        Fix {
            text: "narrow the proxy ID".into(),
            amendments: vec![narrow],
        },
        Fix {
            text: "widen the ACL".into(),
            amendments: vec![widen],
        },
    ];
    (sources, finding)
}

fn summary() -> Summary<'static> {
    Summary {
        title: "branch.cfg and hq.set",
        assumptions: &[],
        verdict: Some("never comes up"),
        rules: vec![
            ("pfs-one-sided", "# pfs-one-sided\n\nAbout PFS."),
            ("ts-not-mirrored", "# ts-not-mirrored\n\nAbout <selectors>."),
        ],
        fails_from: Severity::Error,
    }
}

fn check(actual: &str, expected: Expect) {
    for secret in ["TopSecret", "hunter2"] {
        assert!(!actual.contains(secret), "{actual}");
    }
    expected.assert_eq(actual);
}

#[test]
fn text_has_labels_in_both_files_and_each_way_out() {
    let (sources, finding) = mirror();
    check(
        &to_text(&sources, &[finding], Look::PLAIN),
        expect![[r#"
            error[ts-not-mirrored]: the proxy ID is not the mirror of the ACL
             --> hq.set:2:8
              |
            2 | remote 10.10.10.0/23
              |        ^^^^^^^^^^^^^ HQ says <23> & more
              |
             ::: branch.cfg:2:12
              |
            2 |  permit ip 10.10.10.0 0.0.0.255
              |            -------------------- the branch offers /24
              |
              = when: in IKE_AUTH; shows whoever starts; certainty: vendor document
              = branch logs: %CRYPTO-4-ONE: first
                             %CRYPTO-4-TWO: second
              = hq logs: ike-nego-p2 failed
              = note: the Child SA is refused with TS_UNACCEPTABLE
            help: narrow the proxy ID
             --> hq.set:2
              |
            2 - remote 10.10.10.0/23
            2 + remote 10.10.10.0/24
              |
            or: widen the ACL
             --> branch.cfg:2
              |
            2 -  permit ip 10.10.10.0 0.0.0.255
            2 +  permit ip 10.10.10.0 0.0.1.255
            ...
            3 +  key ********
              |
              = type at branch.cfg: crypto map
                                     permit ip 10.10.10.0 0.0.1.255

        "#]],
    );
}

#[test]
fn json_has_all_of_it() {
    let (sources, finding) = mirror();
    let json = serde_json::to_string_pretty(&to_json(&sources, &[finding]));
    check(
        &json.expect("JSON"),
        expect![[r#"
            [
              {
                "certainty": "doc",
                "code": "ts-not-mirrored",
                "fixes": [
                  {
                    "changes": [
                      {
                        "commands": [
                          "remote 10.10.10.0/24"
                        ],
                        "edits": [
                          {
                            "column": 8,
                            "end_column": 21,
                            "end_line": 2,
                            "hides_secret": false,
                            "line": 2,
                            "new": "10.10.10.0/24",
                            "old": "10.10.10.0/23"
                          }
                        ],
                        "file": "hq.set"
                      }
                    ],
                    "text": "narrow the proxy ID"
                  },
                  {
                    "changes": [
                      {
                        "commands": [
                          "crypto map",
                          " permit ip 10.10.10.0 0.0.1.255"
                        ],
                        "edits": [
                          {
                            "column": 12,
                            "end_column": 32,
                            "end_line": 2,
                            "hides_secret": false,
                            "line": 2,
                            "new": "10.10.10.0 0.0.1.255",
                            "old": "10.10.10.0 0.0.0.255"
                          },
                          {
                            "column": 1,
                            "end_column": 1,
                            "end_line": 3,
                            "hides_secret": true,
                            "line": 3,
                            "new": " key ********\n",
                            "old": ""
                          }
                        ],
                        "file": "branch.cfg"
                      }
                    ],
                    "text": "widen the ACL"
                  }
                ],
                "help": null,
                "labels": [
                  {
                    "column": 8,
                    "file": "hq.set",
                    "line": 2,
                    "primary": true,
                    "text": "HQ says <23> & more"
                  },
                  {
                    "column": 12,
                    "file": "branch.cfg",
                    "line": 2,
                    "primary": false,
                    "text": "the branch offers /24"
                  }
                ],
                "notes": [
                  "the Child SA is refused with TS_UNACCEPTABLE"
                ],
                "severity": "error",
                "starter": "whoever starts",
                "symptoms": [
                  {
                    "end": "branch",
                    "line": "%CRYPTO-4-ONE: first"
                  },
                  {
                    "end": "branch",
                    "line": "%CRYPTO-4-TWO: second"
                  },
                  {
                    "end": "hq",
                    "line": "ike-nego-p2 failed"
                  }
                ],
                "title": "the proxy ID is not the mirror of the ACL",
                "when": "in IKE_AUTH"
              }
            ]"#]],
    );
}

#[test]
fn sarif_has_rules_places_and_the_fix_that_shows_no_secret() {
    let (sources, finding) = mirror();
    let sarif = to_sarif(&sources, &[finding], &summary());
    check(
        &serde_json::to_string_pretty(&sarif).expect("JSON"),
        expect![[r##"
            {
              "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",
              "runs": [
                {
                  "columnKind": "unicodeCodePoints",
                  "properties": {
                    "assumptions": [],
                    "judged": "branch.cfg and hq.set",
                    "verdict": "never comes up"
                  },
                  "results": [
                    {
                      "fixes": [
                        {
                          "artifactChanges": [
                            {
                              "artifactLocation": {
                                "uri": "hq.set"
                              },
                              "replacements": [
                                {
                                  "deletedRegion": {
                                    "endColumn": 21,
                                    "endLine": 2,
                                    "startColumn": 8,
                                    "startLine": 2
                                  },
                                  "insertedContent": {
                                    "text": "10.10.10.0/24"
                                  }
                                }
                              ]
                            }
                          ],
                          "description": {
                            "text": "narrow the proxy ID"
                          }
                        }
                      ],
                      "level": "error",
                      "locations": [
                        {
                          "message": {
                            "text": "HQ says <23> & more"
                          },
                          "physicalLocation": {
                            "artifactLocation": {
                              "uri": "hq.set"
                            },
                            "region": {
                              "endColumn": 21,
                              "endLine": 2,
                              "startColumn": 8,
                              "startLine": 2
                            }
                          }
                        }
                      ],
                      "message": {
                        "text": "the proxy ID is not the mirror of the ACL\nwhen: in IKE_AUTH; shows whoever starts; certainty: vendor document\nnote: the Child SA is refused with TS_UNACCEPTABLE\nhelp: narrow the proxy ID\nhelp: widen the ACL"
                      },
                      "properties": {
                        "certainty": "doc",
                        "commands": [
                          [
                            [
                              "remote 10.10.10.0/24"
                            ]
                          ],
                          [
                            [
                              "crypto map",
                              " permit ip 10.10.10.0 0.0.1.255"
                            ]
                          ]
                        ],
                        "starter": "whoever starts",
                        "symptoms": [
                          {
                            "end": "branch",
                            "lines": [
                              "%CRYPTO-4-ONE: first",
                              "%CRYPTO-4-TWO: second"
                            ]
                          },
                          {
                            "end": "hq",
                            "lines": [
                              "ike-nego-p2 failed"
                            ]
                          }
                        ],
                        "when": "in IKE_AUTH"
                      },
                      "relatedLocations": [
                        {
                          "id": 1,
                          "message": {
                            "text": "the branch offers /24"
                          },
                          "physicalLocation": {
                            "artifactLocation": {
                              "uri": "branch.cfg"
                            },
                            "region": {
                              "endColumn": 32,
                              "endLine": 2,
                              "startColumn": 12,
                              "startLine": 2
                            }
                          }
                        }
                      ],
                      "ruleId": "ts-not-mirrored",
                      "ruleIndex": 1
                    }
                  ],
                  "tool": {
                    "driver": {
                      "name": "crossgate",
                      "rules": [
                        {
                          "help": {
                            "markdown": "# pfs-one-sided\n\nAbout PFS.",
                            "text": "# pfs-one-sided\n\nAbout PFS."
                          },
                          "id": "pfs-one-sided",
                          "shortDescription": {
                            "text": "About PFS."
                          }
                        },
                        {
                          "help": {
                            "markdown": "# ts-not-mirrored\n\nAbout <selectors>.",
                            "text": "# ts-not-mirrored\n\nAbout <selectors>."
                          },
                          "id": "ts-not-mirrored",
                          "shortDescription": {
                            "text": "About <selectors>."
                          }
                        }
                      ],
                      "version": "0.1.0"
                    }
                  }
                }
              ],
              "version": "2.1.0"
            }"##]],
    );
}

#[test]
fn junit_has_a_testcase_for_each_rule() {
    let (sources, finding) = mirror();
    let junit = to_junit(&sources, &[finding], &summary());
    roxmltree::Document::parse(&junit).expect("well-formed XML");
    check(
        &junit,
        expect![[r#"
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="crossgate check" tests="2" failures="1" errors="0">
              <testsuite name="branch.cfg and hq.set" tests="2" failures="1" errors="0">
                <testcase classname="branch.cfg and hq.set" name="pfs-one-sided"/>
                <testcase classname="branch.cfg and hq.set" name="ts-not-mirrored">
                  <failure type="error" message="the proxy ID is not the mirror of the ACL">error[ts-not-mirrored]: the proxy ID is not the mirror of the ACL
             --&gt; hq.set:2:8
              |
            2 | remote 10.10.10.0/23
              |        ^^^^^^^^^^^^^ HQ says &lt;23&gt; &amp; more
              |
             ::: branch.cfg:2:12
              |
            2 |  permit ip 10.10.10.0 0.0.0.255
              |            -------------------- the branch offers /24
              |
              = when: in IKE_AUTH; shows whoever starts; certainty: vendor document
              = branch logs: %CRYPTO-4-ONE: first
                             %CRYPTO-4-TWO: second
              = hq logs: ike-nego-p2 failed
              = note: the Child SA is refused with TS_UNACCEPTABLE
            help: narrow the proxy ID
             --&gt; hq.set:2
              |
            2 - remote 10.10.10.0/23
            2 + remote 10.10.10.0/24
              |
            or: widen the ACL
             --&gt; branch.cfg:2
              |
            2 -  permit ip 10.10.10.0 0.0.0.255
            2 +  permit ip 10.10.10.0 0.0.1.255
            ...
            3 +  key ********
              |
              = type at branch.cfg: crypto map
                                     permit ip 10.10.10.0 0.0.1.255

            </failure>
                </testcase>
                <system-out>verdict: never comes up</system-out>
              </testsuite>
            </testsuites>
        "#]],
    );
}

#[test]
fn html_is_one_page() {
    let (sources, finding) = mirror();
    let html = to_html(&sources, &[finding], &summary());
    let body = html.split("</head>\n").nth(1).expect("a body");
    check(
        body,
        expect![[r#"
            <body>
            <header>
            <h1>branch.cfg and hq.set</h1>
            <p class="verdict">Verdict: never comes up</p>
            <p>1 error, 0 warnings, 0 notes</p>
            </header>
            <main>
            <article class="error">
            <h2><span class="severity"><span aria-hidden="true">✖</span> error</span> the proxy ID is not the mirror of the ACL <code>ts-not-mirrored</code></h2>
            <figure><figcaption>hq.set:2:8: HQ says &lt;23&gt; &amp; more</figcaption><pre>2 <span class="number">|</span> remote <mark class="primary">10.10.10.0/23</mark></pre></figure>
            <figure><figcaption>branch.cfg:2:12: the branch offers /24</figcaption><pre>2 <span class="number">|</span>  permit ip <mark class="beside">10.10.10.0 0.0.0.255</mark></pre></figure>
            <p>when: in IKE_AUTH; shows whoever starts; certainty: vendor document</p>
            <p>the Child SA is refused with TS_UNACCEPTABLE</p>
            <p>branch logs:</p>
            <pre>%CRYPTO-4-ONE: first
            %CRYPTO-4-TWO: second</pre>
            <p>hq logs:</p>
            <pre>ike-nego-p2 failed</pre>
            <h3>Help: narrow the proxy ID</h3>
            <p>In hq.set:</p>
            <pre>2 <del>- remote 10.10.10.0/23</del>
            2 <ins>+ remote 10.10.10.0/24</ins>
            </pre>
            <h3>Or: widen the ACL</h3>
            <p>In branch.cfg:</p>
            <pre>2 <del>-  permit ip 10.10.10.0 0.0.0.255</del>
            2 <ins>+  permit ip 10.10.10.0 0.0.1.255</ins>
            3 <ins>+  key ********</ins>
            </pre>
            <p>Type at branch.cfg:</p>
            <pre>crypto map
             permit ip 10.10.10.0 0.0.1.255</pre>
            <details><summary>About ts-not-mirrored</summary>
            <pre># ts-not-mirrored

            About &lt;selectors&gt;.</pre></details>
            </article>
            </main>
            </body>
            </html>
        "#]],
    );
}

#[test]
fn a_finding_of_three_severities_is_told_worst_first() {
    let sources = Sources::new();
    let findings = [
        Finding::note("a", "first"),
        Finding::error("b", "second"),
        Finding::warning("c", "third"),
        Finding::error("d", "fourth"),
    ];
    let json = to_json(&sources, &findings);
    let codes: Vec<_> = json
        .as_array()
        .into_iter()
        .flatten()
        .map(|f| &f["code"])
        .collect();
    assert_eq!(codes, ["b", "d", "c", "a"]);
    let counts = summary_counts(&to_junit(&sources, &findings, &summary()));
    assert_eq!(counts, ("6".into(), "2".into()));
}

fn summary_counts(junit: &str) -> (String, String) {
    let document = roxmltree::Document::parse(junit).expect("well-formed XML");
    let root = document.root_element();
    let attribute = |name| root.attribute(name).expect("an attribute").to_owned();
    (attribute("tests"), attribute("failures"))
}

#[test]
fn a_secret_on_the_labelled_line_is_masked_everywhere() {
    let mut sources = Sources::new();
    let file = sources.add("a.cfg", "pre-shared-key TopSecret\n");
    let key = Span::new(file, 15..24);
    sources.redact(key);
    let mut finding = Finding::warning("short-key", "the key is short").at(key, "9 characters");
    finding.fixes.push(Fix {
        text: "take a longer one".into(),
        amendments: vec![Amendment {
            file,
            edits: vec![Edit::secret(key, "hunter2hunter2", "********")],
            commands: vec![],
        }],
    });
    let findings = [finding];
    let text = to_text(&sources, &findings, Look::PLAIN);
    assert!(text.contains("pre-shared-key *********"), "{text}");
    let all = [
        text,
        to_text(
            &sources,
            &findings,
            Look {
                colour: true,
                ..Look::PLAIN
            },
        ),
        to_json(&sources, &findings).to_string(),
        to_sarif(&sources, &findings, &summary()).to_string(),
        to_junit(&sources, &findings, &summary()),
        to_html(&sources, &findings, &summary()),
    ];
    for output in all {
        assert!(
            !output.contains("TopSecret") && !output.contains("hunter2"),
            "{output}"
        );
    }
}

#[test]
fn a_line_too_long_to_quote_is_named_by_its_place_and_its_fix_by_commands() {
    let mut sources = Sources::new();
    let file = sources.add("min.xml", format!("{}<x/>", " ".repeat(1000)));
    let span = Span::new(file, 1000..1004);
    let fix = |commands| Fix {
        text: "say y".into(),
        amendments: vec![Amendment {
            file,
            edits: vec![Edit::new(span, "<y/>")],
            commands,
        }],
    };
    let mut finding = Finding::note("unknown-element", "x is not known").at(span, "here");
    finding.fixes = vec![fix(vec!["set y".into()]), fix(vec![])];
    check(
        &to_text(&sources, &[finding], Look::PLAIN),
        expect![[r#"
        note[unknown-element]: x is not known
         |
         = note: at min.xml:1:1001: here
        help: say y
          = type at min.xml: set y
        or: say y
          = at min.xml:1:1001: `<y/>` in place of `<x/>`

    "#]],
    );
}

#[test]
fn hostile_text_steers_no_terminal_and_breaks_no_markup() {
    let mut sources = Sources::new();
    let file = sources.add("a\x1b[2J<b>.cfg", "line \x1b[31m</pre><script>\u{1}\n");
    let span = Span::new(file, 5..10);
    let mut finding = Finding::error("x", "title \x1b[0m]]>\u{0}").at(span, "la\x1bbel</p>");
    finding.notes.push("note \x1b[5m\u{b}".into());
    finding.notes.push("from `a<b` to an odd ` mark".into());
    finding = finding.help_replace("help \x1b[1m", span, "by\x1b[7m".into());
    let findings = [finding];
    let junit = to_junit(&sources, &findings, &summary());
    roxmltree::Document::parse(&junit).expect("well-formed XML");
    let html = to_html(&sources, &findings, &summary());
    assert!(!html.contains("<script>"), "{html}");
    let code = "<p>from <code>a&lt;b</code> to an odd ` mark</p>";
    assert!(html.contains(code), "{html}");
    assert_eq!(
        html.matches("<pre>").count(),
        html.matches("</pre>").count()
    );
    for output in [to_text(&sources, &findings, Look::PLAIN), junit, html] {
        assert!(!output.contains('\x1b'), "{output:?}");
    }
}

#[test]
fn prose_is_broken_at_the_terminals_width_and_nothing_else() {
    let (sources, mut finding) = mirror();
    finding.notes.push("a word and ".repeat(20) + "an end");
    let look = Look {
        colour: false,
        width: Some(60),
    };
    let wide = to_text(&sources, &[finding.clone()], Look::PLAIN);
    let narrow = to_text(&sources, &[finding], look);
    let too_long = |text: &str| {
        let lines = text.lines().filter(|line| line.contains("a word and"));
        lines.filter(|line| line.chars().count() > 60).count()
    };
    assert_eq!((too_long(&wide), too_long(&narrow)), (1, 0), "{narrow}");
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(words(&wide), words(&narrow));
    let others = |text: &str| {
        let lines = text
            .lines()
            .filter(|line| line.contains(" | ") || line.contains("type at"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(!others(&wide).is_empty());
    assert_eq!(others(&wide), others(&narrow));
}
