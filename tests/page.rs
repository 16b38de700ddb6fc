//! Looks at the report's page with the eyes of a browser.
//!
//! One test shows one thing. They share one browser, each in a page of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use racklens::report::{Report, html};

use crate::support::{
    browser::{Browser, Look, Page},
    program::{racklens, run},
};

#[path = "../src/report/html/example.rs"]
mod example;

/// What the example is made of.
mod model {
    pub(super) use racklens::{
        diff::Change,
        id::ResourceId,
        kind::Kind,
        price::Usd,
        report::{
            Container, Coverage, End, Finding, Gone, Header, Health, Link, Overview, Path, Report,
            Row, RuleTally, Shelf, Since, Target, money,
        },
        rule::{Category, Severity, Status},
        snapshot::{Gap, Reason},
    };
}

const LIGHT: Look = Look {
    scheme: Some("light"),
    print: false,
    size: None,
    without_script: false,
};
const DARK: Look = Look {
    scheme: Some("dark"),
    ..LIGHT
};

/// Unfolds everything, so that nothing escapes a look.
const UNFOLD: &str = "document.querySelectorAll('details').forEach((it) => { it.open = true; })";

/// What a reader gets who tries racklens first: the demo's folder, made by the program.
fn demo() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo");
        let (code, _, said) = run(racklens().args(["demo", "--out"]).arg(&folder));
        assert_eq!(code, 0, "{said}");
        folder
    })
}

/// The page of the demo's first rack.
fn demo_file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| demo().join("karim-test/index.html"))
}

/// The page that leads to all of them.
fn racks_file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| demo().join("index.html"))
}

/// A page with a bit of everything: all severities, unknowns, gaps, dead ends.
fn report_file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| written("report", &example::rack()))
}

/// The same with what became of each finding since another report.
fn compared_file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| written("compared", &example::compared()))
}

/// The review of a rack that may be taken down, and of one that is held up.
fn review_files() -> [PathBuf; 2] {
    ["karim-test", "karim-staging"].map(|rack| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("review-{rack}"));
        let mut command = racklens();
        command
            .args(["report", "--review", "--delete", "all"])
            .args(["--disable-protection", "all", "--include", "inferred"])
            .args(["--from", &format!("samples/{rack}/snapshot.json"), "--out"])
            .arg(&folder);
        let (code, _, said) = run(&mut command);
        assert!(matches!(code, 0 | 20), "{said}");
        folder.join("index.html")
    })
}

fn written(name: &str, report: &Report) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.html"));
    let page = html::page(report).expect("a page");
    fs::write(&path, page).expect("a place for the page");
    path
}

fn address(file: &Path) -> String {
    format!("file://{}", file.display())
}

/// An empty page of the browser that all tests share; `None` where there is no browser.
fn page(look: Look) -> Option<Page> {
    static BROWSER: OnceLock<Option<Browser>> = OnceLock::new();
    let browser = BROWSER.get_or_init(|| Browser::find().map(|it| Browser::start(&it)));
    let Some(browser) = browser else {
        let missing = "no Chromium: install `chromium` or name one in CHROME";
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        #[expect(clippy::print_stderr, reason = "who runs the tests should know")]
        {
            eprintln!("skipped: {missing}");
        }
        return None;
    };
    let page = browser.page();
    page.emulate(look);
    Some(page)
}

/// The report's page, opened.
fn report(look: Look) -> Option<Page> {
    opened(report_file(), look)
}

fn opened(file: &Path, look: Look) -> Option<Page> {
    let page = page(look)?;
    page.open(&address(file));
    Some(page)
}

/// A number that the page tells.
fn number(page: &Page, expression: &str) -> u64 {
    let value = page.eval(expression);
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{expression}: {value}"))
}

fn text(page: &Page, expression: &str) -> String {
    let value = page.eval(expression);
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("{expression}: {value}"));
    text.to_owned()
}

fn assert_nothing_asked_and_nothing_wrong(look: Look) {
    for file in [report_file(), demo_file()] {
        let Some(page) = opened(file, look) else {
            return;
        };
        page.eval("document.querySelector('[data-theme-toggle]').click()");
        page.eval("document.querySelector('a[data-show]').click()");
        page.eval("document.querySelector('thead button').click()");
        assert_eq!(page.console_errors(), Vec::<String>::new());
        assert_eq!(page.requests(), [address(file)]);
    }
}

#[test]
fn nothing_is_asked_of_any_server_and_no_policy_is_broken_in_light() {
    assert_nothing_asked_and_nothing_wrong(LIGHT);
}

#[test]
fn nothing_is_asked_of_any_server_and_no_policy_is_broken_in_dark() {
    assert_nothing_asked_and_nothing_wrong(DARK);
}

#[test]
fn the_policy_stops_what_should_not_be_there() {
    let Some(page) = report(LIGHT) else { return };
    page.eval(
        "const script = document.createElement('script');
         script.textContent = 'window.ran = true';
         const picture = document.createElement('img');
         picture.src = 'http://127.0.0.1:9/beacon.png';
         document.body.append(script, picture);
         document.body.setAttribute('style', 'display: none');
         new Promise((done) => setTimeout(done, 100))",
    );
    assert_eq!(page.eval("window.ran ?? null"), serde_json::Value::Null);
    assert_eq!(
        text(&page, "getComputedStyle(document.body).display"),
        "block"
    );
    assert!(
        page.console_errors().len() >= 3,
        "{:?}",
        page.console_errors()
    );
}

#[test]
fn everything_is_there_without_script() {
    let look = Look {
        without_script: true,
        ..LIGHT
    };
    let Some(page) = report(look) else { return };
    let hidden =
        "[...document.querySelectorAll('main > section, [data-item], [data-item] > td, table')]
        .filter((it) => !it.closest('details') && !it.checkVisibility()).length";
    assert_eq!(number(&page, hidden), 0);
    assert!(number(&page, "document.querySelectorAll('tr[data-item]').length") > 1);
    let controls = "[...document.querySelectorAll('button, input, select')]
        .filter((it) => it.checkVisibility()).length";
    assert_eq!(number(&page, controls), 0, "a control that does nothing");
}

#[test]
fn an_address_opens_its_finding_without_script() {
    let look = Look {
        without_script: true,
        ..LIGHT
    };
    let Some(page) = report(look) else { return };
    assert_link_opens_its_finding(&page);
}

#[test]
fn an_address_opens_its_finding() {
    let Some(page) = report(LIGHT) else { return };
    assert_link_opens_its_finding(&page);
}

fn assert_link_opens_its_finding(page: &Page) {
    let anchor = text(
        page,
        "document.querySelector('.finding:last-of-type .body').id",
    );
    page.open("about:blank");
    page.open(&format!("{}#{anchor}", address(report_file())));
    let body = format!("document.getElementById('{anchor}')");
    page.wait_for(&format!("{body}.closest('details').open"));
    let shown = format!(
        "document.elementsFromPoint(640, {body}.getBoundingClientRect().top + 5).includes({body})"
    );
    page.wait_for(&shown);
    let summary = format!(
        "{body}.closest('details').querySelector('summary').getBoundingClientRect().top >= 0"
    );
    assert_eq!(page.eval(&summary), true, "its title is above the window");
}

#[test]
fn a_filter_narrows_the_inventory_and_says_by_how_much() {
    let Some(page) = report(LIGHT) else { return };
    let rows = number(
        &page,
        "document.querySelectorAll('#inventory [data-item]').length",
    );
    let count = "document.querySelector('#inventory [role=status]').textContent";
    assert_eq!(text(&page, count), format!("{rows} resources"));

    page.eval("document.querySelector('#inventory [data-filter=text]').focus()");
    page.type_text("security-group");
    let left = "document.querySelectorAll('#inventory [data-item]:not([hidden])').length";
    let left = number(&page, left);
    assert!(0 < left && left < rows);
    assert_eq!(
        text(&page, count),
        format!("{left} of {rows} resources shown")
    );
    let strays = "[...document.querySelectorAll('#inventory [data-item]:not([hidden])')]
        .filter((it) => !it.textContent.includes('security-group')).length";
    assert_eq!(number(&page, strays), 0);
    let empty = "[...document.querySelectorAll('#inventory .shelf:not([hidden])')]
        .filter((it) => !it.querySelector('[data-item]:not([hidden])')).length";
    assert_eq!(number(&page, empty), 0, "a shelf with nothing on it");

    page.eval("document.querySelector('#inventory [data-reset]').click()");
    assert_eq!(text(&page, count), format!("{rows} resources"));
}

#[test]
fn the_kind_and_the_findings_of_a_resource_can_be_asked_for_together() {
    let Some(page) = report(LIGHT) else { return };
    let kind = text(
        &page,
        "document.querySelector('#inventory [data-found]').dataset.kind",
    );
    page.eval(&format!(
        "const choose = document.querySelector('#inventory [data-filter=kind]');
         choose.value = '{kind}';
         choose.dispatchEvent(new Event('input'));
         document.querySelector('#inventory [data-filter=found]').click()"
    ));
    let shown = format!(
        "[...document.querySelectorAll('#inventory [data-item]:not([hidden])')]
            .map((it) => it.dataset.kind === '{kind}' && it.dataset.found === 'yes')"
    );
    let shown = page.eval(&shown);
    let shown = shown.as_array().expect("rows");
    assert!(
        !shown.is_empty() && shown.iter().all(|it| *it == true),
        "{shown:?}"
    );
}

#[test]
fn a_counter_shows_what_it_counts() {
    let Some(page) = report(LIGHT) else { return };
    let counted = "Number(document.querySelector('a.counter').querySelector('b').textContent)";
    let counted = number(&page, counted);
    page.eval("document.querySelector('a.counter').click()");
    let shown = "document.querySelectorAll('#findings [data-item]:not([hidden])').length";
    assert_eq!(number(&page, shown), counted);
    page.wait_for("document.getElementById('findings').getBoundingClientRect().top < 100");
}

#[test]
fn a_link_to_what_a_filter_hides_shows_it_again() {
    let Some(page) = report(LIGHT) else { return };
    page.eval(
        "const box = document.querySelector('#findings [data-filter=text]');
         box.value = 'nothing is called like this';
         box.dispatchEvent(new Event('input'))",
    );
    assert_eq!(
        page.eval("document.querySelector('[data-nothing]').checkVisibility()"),
        true
    );
    page.eval("document.querySelector('a.pill').click()");
    page.wait_for("document.getElementById(location.hash.slice(1))?.checkVisibility() ?? false");
}

#[test]
fn a_column_sorts_up_and_down_and_says_so() {
    let Some(page) = report(LIGHT) else { return };
    let column = |of: &str| {
        format!(
            "[...document.querySelectorAll('.rules tbody tr')].map((it) => Number(it.cells[4].{of}))"
        )
    };
    let numbers = |page: &Page| -> Vec<f64> {
        let value = page.eval(&column("textContent.replace(',', '')"));
        let values = value.as_array().expect("cells").iter();
        values.map(|it| it.as_f64().expect("a number")).collect()
    };
    let head = "document.querySelectorAll('.rules thead th')[4]";
    page.eval(&format!("{head}.querySelector('button').click()"));
    assert!(numbers(&page).is_sorted());
    assert_eq!(text(&page, &format!("{head}.ariaSort")), "ascending");
    page.eval(&format!("{head}.querySelector('button').click()"));
    assert!(numbers(&page).iter().rev().is_sorted());
    assert_eq!(text(&page, &format!("{head}.ariaSort")), "descending");
    assert_eq!(
        number(
            &page,
            "document.querySelectorAll('.rules [aria-sort]').length"
        ),
        1
    );
}

#[test]
fn times_sort_by_time_and_what_has_none_comes_last() {
    let Some(page) = report(LIGHT) else { return };
    let times = page.eval(
        "const table = [...document.querySelectorAll('.resources')]
            .find((it) => it.querySelectorAll('time').length > 1);
         const button = table.querySelectorAll('thead button')[4];
         button.click();
         button.click();
         [...table.tBodies[0].rows].map((it) => it.cells[4].querySelector('time')?.dateTime ?? '')",
    );
    let times: Vec<&str> = times
        .as_array()
        .expect("cells")
        .iter()
        .filter_map(|it| it.as_str())
        .collect();
    assert!(times.iter().rev().is_sorted(), "{times:?}");
}

#[test]
fn the_theme_can_be_changed_and_is_remembered() {
    let Some(page) = report(LIGHT) else { return };
    let ground = "getComputedStyle(document.documentElement).backgroundColor";
    let light = text(&page, ground);
    page.eval("document.querySelector('[data-theme-toggle]').click()");
    let dark = text(&page, ground);
    assert_ne!(light, dark);
    assert_eq!(
        text(
            &page,
            "document.querySelector('[data-theme-toggle]').textContent"
        ),
        "Light theme"
    );
    page.open(&address(report_file()));
    assert_eq!(text(&page, ground), dark);
}

#[test]
fn a_page_that_may_store_nothing_works_all_the_same() {
    let Some(page) = page(LIGHT) else { return };
    page.before_load(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } })",
    );
    page.open(&address(report_file()));
    page.eval("document.querySelector('[data-theme-toggle]').click()");
    assert_eq!(
        text(&page, "document.documentElement.dataset.theme"),
        "dark"
    );
    assert_eq!(page.console_errors(), Vec::<String>::new());
}

#[test]
fn the_link_to_a_finding_can_be_copied() {
    let Some(page) = report(LIGHT) else { return };
    page.allow_clipboard();
    page.eval(UNFOLD);
    page.eval("document.querySelector('[data-copy]').click()");
    let anchor = text(&page, "document.querySelector('.finding .body').id");
    page.wait_for("document.querySelector('.copy [role=status]').textContent === 'Copied'");
    let copied = text(&page, "navigator.clipboard.readText()");
    assert_eq!(copied, format!("{}#{anchor}", address(report_file())));
}

#[test]
fn the_lines_that_mute_a_finding_can_be_copied() {
    let Some(page) = report(LIGHT) else { return };
    // The browser has one clipboard for all tests.
    page.eval("navigator.clipboard.writeText = async (it) => { window.copied = it; }");
    page.eval(UNFOLD);
    page.eval("document.querySelector('[data-copy-text]').click()");
    page.wait_for("document.querySelector('.mute [role=status]').textContent === 'Copied'");
    let copied = text(&page, "window.copied");
    let table: toml::Table = toml::from_str(&copied).expect("it is TOML");
    let finding = text(&page, "document.querySelector('.finding').dataset.rule");
    assert_eq!(table["mute"][0]["rule"].as_str(), Some(finding.as_str()));
}

/// How many findings are shown when one of their controls has this value.
fn shown_with(page: &Page, control: &str, value: &str) -> u64 {
    page.eval(&format!(
        "(() => {{
            const control = document.querySelector('#findings [data-filter={control}]');
            control.value = '{value}';
            control.dispatchEvent(new Event('input'));
        }})()"
    ));
    let shown = "document.querySelectorAll('#findings [data-item]:not([hidden])').length";
    number(page, shown)
}

#[test]
fn findings_are_filtered_by_a_part_of_their_resource() {
    let Some(page) = report(LIGHT) else { return };
    let all = number(
        &page,
        "document.querySelectorAll('#findings [data-item]').length",
    );
    let some = shown_with(&page, "resource", "Security-Group/");
    assert!(0 < some && some < all, "{some} of {all}");
    assert_eq!(shown_with(&page, "resource", "no such thing"), 0);
}

#[test]
fn the_first_screen_tells_what_is_new_and_what_matters() {
    let Some(page) = opened(compared_file(), LIGHT) else {
        return;
    };
    page.emulate(Look {
        size: Some((1440, 900)),
        ..LIGHT
    });
    let seen = "[...document.querySelectorAll('.since li')]
        .filter((it) => it.getBoundingClientRect().bottom < innerHeight).length";
    assert_eq!(number(&page, seen), 2);
    assert_eq!(shown_with(&page, "change", "new"), 1);
    let fixed =
        "document.querySelector('.gone').textContent.includes('events are kept for 30 days')";
    assert_eq!(page.eval(fixed), true);
}

#[test]
fn the_keyboard_reaches_everything_in_the_order_of_reading() {
    let Some(page) = report(LIGHT) else { return };
    let focused = "document.activeElement.matches('.skip') ? 'skip'
        : document.activeElement.matches('.finding summary') ? 'summary'
        : document.activeElement.dataset.filter ?? document.activeElement.tagName";
    page.press_key("Tab");
    assert_eq!(text(&page, focused), "skip");
    let seen = "document.activeElement.getBoundingClientRect().top >= 0";
    assert_eq!(
        page.eval(seen),
        true,
        "the link that has the focus cannot be seen"
    );

    let mut reached = Vec::new();
    for _ in 0..60 {
        page.press_key("Tab");
        let ring = text(
            &page,
            "getComputedStyle(document.activeElement).outlineStyle",
        );
        assert_eq!(ring, "solid", "no ring around {}", text(&page, focused));
        reached.push(text(&page, focused));
        if reached.last().is_some_and(|it| it == "summary") {
            break;
        }
    }
    for control in [
        "BUTTON", "A", "text", "severity", "status", "rule", "summary",
    ] {
        assert!(
            reached.iter().any(|it| it == control),
            "{control} not in {reached:?}"
        );
    }
    page.press_key("Enter");
    assert_eq!(page.eval("document.activeElement.parentElement.open"), true);

    page.eval("document.querySelector('.rules thead button').focus()");
    page.press_key("Enter");
    assert_eq!(
        text(&page, "document.querySelector('.rules thead th').ariaSort"),
        "ascending"
    );
}

#[test]
fn the_skip_link_skips() {
    let Some(page) = report(LIGHT) else { return };
    page.press_key("Tab");
    page.press_key("Enter");
    page.wait_for("document.activeElement.id === 'main'");
}

fn assert_nothing_is_wider_than_the_window(file: &Path) {
    let Some(page) = opened(file, LIGHT) else {
        return;
    };
    page.eval(UNFOLD);
    for width in [320, 768, 1440] {
        page.emulate(Look {
            size: Some((width, 900)),
            ..LIGHT
        });
        let cut = page.eval(
            "[...document.querySelectorAll('main *')]
                .filter((it) => it.checkVisibility() && !it.closest('.scroll, .unseen, pre'))
                .filter((it) => it.getBoundingClientRect().right > innerWidth + 1)
                .map((it) => it.outerHTML.slice(0, 80))",
        );
        assert_eq!(cut, serde_json::json!([]), "at {width} px");
        let wide = number(&page, "document.documentElement.scrollWidth");
        assert!(
            wide <= width.into(),
            "{wide} px wide in a window of {width}"
        );
    }
}

#[test]
fn nothing_is_wider_than_the_window() {
    assert_nothing_is_wider_than_the_window(report_file());
    assert_nothing_is_wider_than_the_window(demo_file());
    assert_nothing_is_wider_than_the_window(compared_file());
    assert_nothing_is_wider_than_the_window(racks_file());
    for file in review_files() {
        assert_nothing_is_wider_than_the_window(&file);
    }
}

#[test]
fn no_short_word_of_a_review_is_cut_or_runs_into_its_neighbour() {
    let [file, _] = review_files();
    let Some(page) = opened(&file, LIGHT) else {
        return;
    };
    for width in [400, 1280] {
        page.emulate(Look {
            size: Some((width, 900)),
            ..LIGHT
        });
        let broken = page.eval(
            "[...document.querySelectorAll('.rows .word, .rows td.figure')]
                .filter((it) => it.checkVisibility() && it.textContent.length < 14)
                .filter((it) => {
                    const text = document.createRange();
                    text.selectNodeContents(it);
                    const tops = [...text.getClientRects()].map((it) => Math.round(it.bottom / 8));
                    return it.scrollWidth > it.clientWidth + 1 || new Set(tops).size > 1;
                })
                .map((it) => it.textContent)",
        );
        assert_eq!(broken, serde_json::json!([]), "at {width} px");
    }
}

fn assert_can_be_read(look: Look) {
    let [safe, held_up] = review_files();
    for (file, texts) in [
        (report_file(), 100),
        (compared_file(), 100),
        (demo_file(), 100),
        (racks_file(), 40),
        (&safe, 100),
        (&held_up, 100),
    ] {
        let Some(page) = opened(file, look) else {
            return;
        };
        page.eval(UNFOLD);
        let told = page.eval(include_str!("page/contrast.js"));
        assert_eq!(told["faint"], serde_json::json!([]));
        assert!(told["measured"].as_u64() > Some(texts), "{told}");
    }
}

#[test]
fn everything_can_be_read_in_light() {
    assert_can_be_read(LIGHT);
}

#[test]
fn everything_can_be_read_in_dark() {
    assert_can_be_read(DARK);
}

#[test]
fn everything_can_be_read_on_a_small_screen() {
    let Some(page) = report(LIGHT) else { return };
    page.eval(UNFOLD);
    for look in [LIGHT, DARK] {
        let size = Some((360, 800));
        page.emulate(Look { size, ..look });
        let told = page.eval(include_str!("page/contrast.js"));
        assert_eq!(told["faint"], serde_json::json!([]));
    }
}

#[test]
fn what_is_faint_is_found() {
    let Some(page) = report(LIGHT) else { return };
    page.eval("document.querySelector('h1').style.color = '#b0b0b0'");
    page.eval("document.querySelector('h3').style.color = 'rgba(0, 0, 0, 0.2)'");
    page.eval("document.querySelector('select').style.borderColor = '#e0e0e0'");
    let faint = page.eval(include_str!("page/contrast.js"))["faint"].to_string();
    for what in ["karim-test", "What matters most", "edge of SELECT"] {
        assert!(faint.contains(what), "{what} not in {faint}");
    }
}

#[test]
fn every_control_has_a_name() {
    let Some(page) = report(LIGHT) else { return };
    page.eval(UNFOLD);
    let roles = [
        "button",
        "link",
        "searchbox",
        "textbox",
        "combobox",
        "checkbox",
        "DisclosureTriangle",
        "navigation",
        "region",
        "table",
        "group",
    ];
    let all = page.accessibles();
    let named = all
        .iter()
        .filter(|(role, _)| roles.contains(&role.as_str()));
    assert!(named.clone().count() > 20);
    let nameless: Vec<_> = named
        .filter(|(role, name)| name.is_empty() && role != "group")
        .collect();
    assert_eq!(nameless, Vec::<&(String, String)>::new());
}

#[test]
fn every_control_is_large_enough_to_hit() {
    let Some(page) = report(LIGHT) else { return };
    page.eval(UNFOLD);
    // Links inside sentences are exempt, and the label of a control is part of it (WCAG 2.5.8).
    let small = page.eval(
        "[...document.querySelectorAll('a, button, input, select, summary')]
            .filter((it) => it.checkVisibility() && getComputedStyle(it).display !== 'inline')
            .map((it) => it.closest('label') ?? it)
            .filter((it) => Math.min(it.offsetWidth, it.offsetHeight) < 24)
            .map((it) => it.outerHTML.slice(0, 80))",
    );
    assert_eq!(small, serde_json::json!([]));
}

#[test]
fn headings_leave_out_no_level() {
    let Some(page) = report(LIGHT) else { return };
    let levels = page.eval(
        "[...document.querySelectorAll('h1, h2, h3, h4')].map((it) => Number(it.tagName[1]))",
    );
    let levels: Vec<u64> = levels
        .as_array()
        .expect("levels")
        .iter()
        .filter_map(|it| it.as_u64())
        .collect();
    assert_eq!(levels.iter().filter(|it| **it == 1).count(), 1);
    assert_eq!(levels[0], 1);
    assert!(levels.windows(2).all(|it| it[1] <= it[0] + 1), "{levels:?}");
}

#[test]
fn every_id_is_there_once_and_every_link_leads_somewhere() {
    for file in [report_file(), compared_file(), demo_file(), racks_file()] {
        let Some(page) = opened(file, LIGHT) else {
            return;
        };
        let twice = page.eval(
            "const ids = [...document.querySelectorAll('[id]')].map((it) => it.id);
         ids.filter((it, at) => ids.indexOf(it) !== at)",
        );
        assert_eq!(twice, serde_json::json!([]));
        let nowhere = page.eval(
            "[...document.querySelectorAll('[href^=\"#\"]')].map((it) => it.getAttribute('href'))
            .filter((it) => !document.getElementById(it.slice(1)))",
        );
        assert_eq!(nowhere, serde_json::json!([]));
        let odd = page.eval(
        "[...document.links].map((it) => it.protocol).filter((it) => !['file:', 'https:', 'http:'].includes(it))",
    );
        assert_eq!(odd, serde_json::json!([]));
    }
}

#[test]
fn paper_shows_what_is_folded_and_no_controls() {
    let look = Look {
        print: true,
        without_script: true,
        ..DARK
    };
    let Some(page) = report(look) else { return };
    let folded = "[...document.querySelectorAll('details:not([open]) .body')]
        .filter((it) => it.getBoundingClientRect().height < 20 || !it.checkVisibility({ contentVisibilityAuto: true })).length";
    assert_eq!(number(&page, folded), 0);
    let controls = "[...document.querySelectorAll('nav, button, select, input')]
        .filter((it) => it.checkVisibility()).length";
    assert_eq!(number(&page, controls), 0);
    let ground = text(
        &page,
        "getComputedStyle(document.documentElement).backgroundColor",
    );
    assert_eq!(ground, "rgb(255, 255, 255)");
    let unwritten = "[...document.querySelectorAll('a[href^=http]')]
        .filter((it) => ![it.textContent, getComputedStyle(it, '::after').content].join().includes('http')).length";
    assert_eq!(
        number(&page, unwritten),
        0,
        "an address that paper does not show"
    );
}

#[test]
fn paper_is_light_although_dark_was_chosen() {
    let Some(page) = report(DARK) else { return };
    page.eval("document.querySelector('[data-theme-toggle]').click()");
    page.eval("document.querySelector('[data-theme-toggle]').click()");
    assert_eq!(
        text(&page, "document.documentElement.dataset.theme"),
        "dark"
    );
    page.emulate(Look {
        print: true,
        ..DARK
    });
    page.eval(UNFOLD);
    let told = page.eval(include_str!("page/contrast.js"));
    assert_eq!(told["faint"], serde_json::json!([]));
    assert_eq!(
        text(
            &page,
            "getComputedStyle(document.documentElement).backgroundColor"
        ),
        "rgb(255, 255, 255)"
    );
}

#[test]
fn a_rack_with_nothing_to_tell_breaks_nothing() {
    let Some(page) = page(LIGHT) else { return };
    page.open(&address(&written("quiet", &example::quiet())));
    assert_eq!(page.console_errors(), Vec::<String>::new());
    page.eval("document.querySelector('[data-theme-toggle]').click()");
    assert_eq!(
        page.eval(include_str!("page/contrast.js"))["faint"],
        serde_json::json!([])
    );
}

#[test]
fn names_that_mean_harm_stay_names() {
    let Some(page) = page(LIGHT) else { return };
    let file = written("hostile", &example::hostile());
    page.open(&address(&file));
    page.eval(UNFOLD);
    assert_ne!(text(&page, "document.title"), "owned");
    assert_eq!(page.requests(), [address(&file)]);
    assert_eq!(page.console_errors(), Vec::<String>::new());
    assert_eq!(
        number(
            &page,
            "document.querySelectorAll('img, main script, main style').length"
        ),
        0
    );
    let odd = page.eval(
        "[...document.links].map((it) => it.protocol).filter((it) => !['file:', 'https:', 'http:'].includes(it))",
    );
    assert_eq!(odd, serde_json::json!([]));
    let handlers = "[...document.querySelectorAll('*')].flatMap((it) => it.getAttributeNames())
        .filter((it) => it.startsWith('on') || it === 'style').length";
    assert_eq!(number(&page, handlers), 0);
}

#[test]
fn names_that_mean_harm_widen_nothing() {
    assert_nothing_is_wider_than_the_window(&written("hostile-wide", &example::hostile()));
}

#[test]
fn a_large_rack_is_cut_and_says_so() {
    let Some(page) = page(LIGHT) else { return };
    page.open(&address(&written("large", &example::large(9413))));
    let rows = number(
        &page,
        "document.querySelectorAll('#inventory [data-item]').length",
    );
    assert_eq!(rows, 2000);
    let note = text(
        &page,
        "document.querySelector('#inventory .note').textContent",
    );
    assert!(
        note.contains("Showing 2,000 of 9,4") && note.contains("resources.csv"),
        "{note}"
    );
}

/// With `PICTURES=1`: takes pictures for a person to look at, in `target/tmp/pictures`.
#[test]
fn pictures() {
    if std::env::var_os("PICTURES").is_none() {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    fs::create_dir_all(&folder).expect("a place for pictures");
    let place = |name: &str| folder.join(name);
    for (width, height) in [(1440, 900), (1024, 800), (768, 1024), (360, 760)] {
        for look in [LIGHT, DARK] {
            let scheme = look.scheme.unwrap_or_default();
            let size = Some((width, height));
            let Some(page) = report(Look { size, ..look }) else {
                return;
            };
            page.screenshot(false, &place(&format!("first-{scheme}-{width}.png")));
            page.eval("document.querySelectorAll('details').forEach((it, at) => { it.open = at === 1 || at === 7; })");
            page.screenshot(true, &place(&format!("whole-{scheme}-{width}.png")));
        }
    }
    let Some(page) = report(LIGHT) else { return };
    page.pdf(&place("paper.pdf"));
    page.emulate(Look {
        print: true,
        size: Some((703, 900)),
        ..LIGHT
    });
    page.eval(UNFOLD);
    page.screenshot(true, &place("paper.png"));
}
