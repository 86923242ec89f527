//! `report.html` in a real browser: Chromium without a window, driven through its DevTools protocol.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use audit::report;
use serde_json::{Value, json};

use super::report::{HOSTILE, hostile};

/// The browser that CHROMIUM names, or what answers to one of the usual names.
fn program() -> Option<OsString> {
    let answers = |name: &OsString| {
        let asked = Command::new(name).arg("--version").output();
        asked.is_ok_and(|output| output.status.success())
    };
    let usual = ["chromium", "chromium-browser", "google-chrome", "chrome"].map(OsString::from);
    let named = std::env::var_os("CHROMIUM");
    named.or_else(|| usual.into_iter().find(answers))
}

/// A browser with one page.
struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    session: Option<String>,
    sent: u64,
    /// What it told without being asked.
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    fn start(program: &OsStr) -> Self {
        let profile = tempfile::tempdir().unwrap();
        // It speaks on the descriptors 3 and 4, which only a shell can open here.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null"])
            .arg(program)
            .args(["--headless=new", "--remote-debugging-pipe", "--no-first-run"])
            // Root, as in a container, may not have the sandbox; the page is our own.
            .args(["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let (sender, from) = channel();
        std::thread::spawn(move || {
            for message in said.split(0) {
                let Ok(message) = message else { return };
                let message = serde_json::from_slice(&message).unwrap();
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            child,
            to,
            from,
            session: None,
            sent: 0,
            events: Vec::new(),
            _profile: profile,
        };
        let target = browser.ask("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.ask("Target.attachToTarget", attach);
        browser.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    fn next(&mut self) -> Value {
        // Only a browser that hangs takes so long.
        let next = self.from.recv_timeout(Duration::from_secs(120));
        next.expect("an answer of the browser")
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let mut answer = self.next();
            if answer["id"] != self.sent {
                self.events.push(answer);
                continue;
            }
            assert_eq!(answer.get("error"), None, "{method}");
            return answer["result"].take();
        }
    }

    fn open(&mut self, page: &std::path::Path) {
        let url = format!("file://{}", page.display());
        self.ask("Page.navigate", json!({ "url": url }));
        while !self
            .events
            .iter()
            .any(|e| e["method"] == "Page.loadEventFired")
        {
            let event = self.next();
            self.events.push(event);
        }
    }

    /// The value of an expression in the page.
    fn eval(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true });
        let found = self.ask("Runtime.evaluate", params);
        assert_eq!(found.get("exceptionDetails"), None, "{expression}");
        found["result"]["value"].clone()
    }

    fn size(&mut self, width: u32) {
        let params =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", params);
    }

    /// Clicks where the middle of the element is.
    fn click(&mut self, selector: &str) {
        let at = self.eval(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{ block: 'center', \
             behavior: 'instant' }}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + \
             r.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let params =
                json!({ "type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1 });
            self.ask("Input.dispatchMouseEvent", params);
        }
    }

    fn press(&mut self, key: &str, code: u32) {
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let params = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
            self.ask("Input.dispatchKeyEvent", params);
        }
    }

    /// The places of the boxes that match.
    fn boxes(&mut self, selector: &str) -> BTreeSet<usize> {
        let found = self.eval(&format!(
            "[...document.querySelectorAll({selector:?})].map(e => Number(e.dataset.node))"
        ));
        serde_json::from_value(found).unwrap()
    }

    fn close(mut self) -> Vec<Value> {
        self.session = None;
        self.ask("Browser.close", json!({}));
        self.child.wait().unwrap();
        self.events
    }
}

const VISIBLE: &str =
    "[...document.querySelectorAll('.panel')].filter(p => !p.hidden).map(p => p.dataset.name)";

#[test]
fn a_reader_can_work_with_the_page() {
    let Some(program) = program() else {
        println!("skipped: there is no Chromium, and CHROMIUM names none");
        return;
    };
    let (_, audit) = hostile();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.html");
    std::fs::write(&file, report::html(audit).unwrap()).unwrap();
    let mut browser = Browser::start(&program);
    browser.size(1280);
    browser.open(&file);

    // Names are text and nothing else.
    let names: Vec<String> =
        serde_json::from_value(browser.eval("[...value.options].slice(1).map(o => o.text)"))
            .unwrap();
    let squeezed = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected: Vec<String> = audit.values.iter().map(|name| squeezed(name)).collect();
    assert_eq!(names, expected);
    assert_eq!(browser.eval("document.images.length"), 0);
    assert_eq!(browser.eval("document.scripts.length"), 1);
    let title = browser.eval("document.querySelector('h1').textContent");
    assert!(title.as_str().unwrap().starts_with(HOSTILE[4].1), "{title}");
    assert_eq!(browser.eval(VISIBLE), json!([]));

    // A click shows what is expected and what moved; a second one takes it back.
    let at = |name: &String| audit.values.iter().position(|v| v == name).unwrap();
    let of = |value: usize| -> BTreeSet<usize> {
        let expected = &audit.discovered.expected[&audit.values[value]];
        expected.iter().map(at).collect()
    };
    let busiest = (0..audit.values.len())
        .max_by_key(|&v| of(v).len())
        .unwrap();
    let node = format!("#graph .node[data-node='{busiest}']");
    browser.click(&node);
    assert_eq!(browser.boxes(".node.picked"), [busiest].into());
    assert_eq!(browser.boxes(".node.expected"), of(busiest));
    assert_eq!(browser.boxes(".node[aria-pressed=true]"), [busiest].into());
    assert_eq!(browser.eval(VISIBLE), json!([audit.values[busiest]]));
    assert_eq!(browser.eval("value.value"), json!(busiest.to_string()));
    let said = browser.eval("said.textContent");
    let counted = format!("{} of {} values", of(busiest).len(), names.len() - 1);
    assert!(said.as_str().unwrap().contains(&counted), "{said}");
    let lit: BTreeSet<usize> = serde_json::from_value(browser.eval(
        "[...document.querySelectorAll('.edge.on')].flatMap(e => [Number(e.dataset.from), \
         Number(e.dataset.to)])",
    ))
    .unwrap();
    let mut ends = of(busiest);
    ends.insert(busiest);
    assert_eq!(lit, ends, "edges lead from the value to what is expected");
    // The shares beside the boxes, by role prompts and by features.
    for (choice, moved) in audit.moved.iter().enumerate() {
        browser.click(&format!("input[name=steering][value='{choice}']"));
        for other in (0..names.len()).filter(|&other| other != busiest) {
            let share = browser.eval(&format!(
                "document.querySelector('#graph .node[data-node=\"{other}\"] .share')?.textContent"
            ));
            let rate = moved.rate(other, busiest);
            let expected = rate.map_or(Value::Null, |rate| json!(format!("{:.0} %", 100.0 * rate)));
            assert_eq!(share, expected);
        }
        // In their boxes, where no line and no arrowhead passes. A browser may have another font, a little wider.
        let outside = browser.eval(
            "[...document.querySelectorAll('.node.noted')].filter(node => { const [box, ...texts] = \
             [...node.querySelectorAll('rect, text')].map(e => e.getBoundingClientRect()); const wider = box.width / 20; \
             return texts.some(t => t.left < box.left - wider || \
             t.right > box.right + wider || t.top < box.top || t.bottom > box.bottom); }).length",
        );
        assert_eq!(outside, 0);
    }
    browser.click(&node);
    assert_eq!(browser.boxes(".node.picked, .node.expected"), [].into());
    assert_eq!(browser.eval(VISIBLE), json!([]));

    // The same from the keyboard.
    browser.eval(&format!("document.querySelector({node:?}).focus()"));
    browser.press("Enter", 13);
    assert_eq!(browser.boxes(".node.expected"), of(busiest));
    browser.press("Tab", 9);
    assert_eq!(
        browser.eval("document.activeElement.getAttribute('role')"),
        "button"
    );
    let next: usize =
        serde_json::from_value(browser.eval("Number(document.activeElement.dataset.node)"))
            .unwrap();
    assert_ne!(next, busiest);
    browser.press(" ", 32);
    assert_eq!(browser.boxes(".node.picked"), [next].into());
    assert_eq!(browser.boxes(".node.expected"), of(next));
    browser.press("Escape", 27);
    assert_eq!(browser.boxes(".node.picked"), [].into());
    browser.eval("value.focus()");
    browser.press("ArrowDown", 40);
    assert_eq!(browser.boxes(".node.picked"), [0].into());

    // Every button has a name for those who cannot see it.
    let tree = browser.ask("Accessibility.getFullAXTree", json!({}));
    let tree = tree["nodes"].as_array().unwrap();
    let buttons = tree.iter().filter(|node| node["role"]["value"] == "button");
    let named: BTreeSet<&str> = buttons
        .filter_map(|b| b["name"]["value"].as_str())
        .collect();
    for name in &names {
        assert!(named.contains(name.as_str()), "{name} in {named:?}");
    }

    // Dark where the reader's system is, pictures too; light on paper.
    let ground = "getComputedStyle(document.body).backgroundColor + ' ' + \
                  getComputedStyle(document.querySelector('.picture > rect')).fill";
    let light = "rgb(255, 255, 255) rgb(255, 255, 255)";
    assert_eq!(browser.eval(ground), light);
    let dark = json!([{ "name": "prefers-color-scheme", "value": "dark" }]);
    browser.ask("Emulation.setEmulatedMedia", json!({ "features": dark }));
    assert_eq!(browser.eval(ground), "rgb(23, 25, 28) rgb(23, 25, 28)");
    let on_paper = json!({ "media": "print", "features": dark });
    browser.ask("Emulation.setEmulatedMedia", on_paper);
    assert_eq!(browser.eval(ground), light);
    browser.ask(
        "Emulation.setEmulatedMedia",
        json!({ "media": "", "features": [] }),
    );
    let pdf = browser.ask("Page.printToPDF", json!({ "preferCSSPageSize": true }));
    assert!(pdf["data"].as_str().unwrap().len() > 100_000);

    // On a phone only tables and pictures move sideways, each in its own frame.
    browser.size(390);
    let sideways = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
    assert_eq!(browser.eval(sideways), false);

    let events = browser.close();
    let told = [
        "Runtime.consoleAPICalled",
        "Runtime.exceptionThrown",
        "Log.entryAdded",
    ];
    for event in &events {
        let method = event["method"].as_str().unwrap_or_default();
        assert!(!told.contains(&method), "{event}");
        if method == "Network.requestWillBeSent" {
            let url = event["params"]["request"]["url"].as_str().unwrap();
            assert!(url.starts_with("file:"), "{url}");
        }
    }
}
