//! Prompt templates that ask for what there is not, or for more than there is.

use std::process::Command;
use std::time::{Duration, Instant};

use valuebench::{ExampleOrder, Instruction, Item, PromptTemplate, Questionnaire, Role};

fn item() -> Item {
    let csv = "questionnaire,item,value,agreement,question\nSOV,I love people.,Social,1,Should I love people?\n";
    Questionnaire::from_reader(csv.as_bytes()).unwrap().items()[0].clone()
}

fn render(
    source: &str,
    role: Option<&Role>,
    instruction: Option<&Instruction>,
) -> Result<String, String> {
    let template = PromptTemplate::jinja(source).map_err(|error| error.to_string())?;
    let prompt = template
        .with_steered_phrase("")
        .render(&item(), role, instruction);
    prompt
        .map(|prompt| prompt.text)
        .map_err(|error| error.to_string())
}

/// Nothing of a role or an instruction, by the key that names it.
const LACKING: [&str; 7] = [
    "role.gender",
    "role.job",
    "role.mbti",
    "role.second_person",
    "role.third_person",
    "instruction.definition",
    "role[\"job\"]",
];

#[test]
fn what_a_role_lacks_is_never_put_in() {
    let mut role = Role::new("Ada", "female", "Potter", "ENFP");
    role.bio = "A potter.".into();
    role.second_person = None;
    role.third_person = None;
    let instruction = instruction();
    for name in LACKING {
        for source in [
            format!("your values\n{{{{ {name} }}}}"),
            format!("\n{{{{ \"I am \" ~ {name} }}}}"),
            format!("\n{{{{ {name}|upper }}}}"),
            format!("\n{{% set it = {name} %}}{{{{ it }}}}"),
            format!("\n{{% for letter in {name} %}}{{{{ letter }}}}{{% endfor %}}"),
        ] {
            let error = render(&source, Some(&role), Some(&instruction)).unwrap_err();
            assert!(
                error.starts_with("template, line 2: undefined value"),
                "{source}: {error}"
            );
        }
        let asked = format!("{{% if {name} %}}{{{{ {name} }}}}{{% else %}}-{{% endif %}}");
        assert_eq!(
            render(&asked, Some(&role), Some(&instruction)).unwrap(),
            "-",
            "{asked}"
        );
        let asked = format!("{{{{ {name}|default(\"-\") }}}}");
        assert_eq!(
            render(&asked, Some(&role), Some(&instruction)).unwrap(),
            "-",
            "{asked}"
        );
    }
    // The empty role and no instruction.
    for source in [
        "{{ role }}",
        "{{ role.name }}",
        "{{ instruction }}",
        "{{ instruction.value }}",
        "{{ none }}",
    ] {
        let error = render(source, None, None).unwrap_err();
        assert!(error.starts_with("template, line 1: "), "{source}: {error}");
        assert!(!error.contains("panicked"), "{source}: {error}");
    }
    assert_eq!(
        render(
            "{% if role %}{{ role.name }}{% else %}nobody{% endif %}",
            None,
            None
        )
        .unwrap(),
        "nobody"
    );
}

fn instruction() -> Instruction {
    let nothing = "questionnaire,value,definition\nA,Other,To be other.\n";
    let definitions = valuebench::Definitions::from_reader(nothing.as_bytes()).unwrap();
    Instruction::new("Social", valuebench::Inclination::Inclined, &definitions)
}

#[test]
fn ordinary_templates_are_rendered() {
    let role = Role::new("Ada", "female", "Potter", "ENFP");
    for (source, text) in [
        (
            "**{{ question }}** ~ + * {{- ' 2 * 3 ~ ' -}} x",
            "**Should I love people?** ~ + * 2 * 3 ~ x",
        ),
        ("{{ role.name ~ ', ' ~ role.job }}", "Ada, Potter"),
        (
            "{% set who = role.name ~ ', ' ~ role.job %}{{ who|upper }}",
            "ADA, POTTER",
        ),
        (
            "{% for it in [role.name, role.mbti] %}{{ loop.index }}. {{ it }}\n{% endfor %}",
            "1. Ada\n2. ENFP\n",
        ),
        (
            "{% raw %}{{ x * 9 }}{% endraw %}{# {{ y * 9 }} #}",
            "{{ x * 9 }}",
        ),
        (
            "{% raw %}{% endrawn %}{{ ' {% endraw %}{{ value }}",
            "{% endrawn %}{{ ' Social",
        ),
        ("{{ {'a': {'b': value}}['a']['b'] }}", "Social"),
        (
            "{{ question|replace('love', \"help\")|lower|trim }}",
            "should i help people?",
        ),
        ("{% with a = value %}{{ a|length }}{% endwith %}", "6"),
        ("{{ \"}}\" ~ '%}' ~ \"it's\" ~ '\\'' }}", "}}%}it's'"),
        (
            "{% if value is string and role is defined %}yes{% elif value %}{% else %}{% endif %}",
            "yes",
        ),
    ] {
        assert_eq!(
            render(source, Some(&role), None).as_deref(),
            Ok(text),
            "{source}"
        );
    }
}

/// Nothing but the order of the examples differs, in every template that has them.
#[test]
fn examples_come_in_two_orders() {
    let own = PromptTemplate::jinja("{{ examples }} your values {{ question }}").unwrap();
    for template in [PromptTemplate::plain(), PromptTemplate::llama3(), own] {
        let text = |order| {
            let template = template.clone().with_example_order(order);
            template.render(&item(), None, None).unwrap().text
        };
        let (yes, no) = (text(ExampleOrder::YesFirst), text(ExampleOrder::NoFirst));
        assert_eq!(text(ExampleOrder::default()), yes);
        let answers = |text: &str| -> Vec<String> {
            text.lines()
                .filter_map(|line| line.strip_prefix("Answer: "))
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(
            (answers(&yes), answers(&no)),
            (
                vec!["yes".into(), "no".into()],
                vec!["no".into(), "yes".into()]
            )
        );
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&yes), sorted(&no));
        assert_eq!(yes.len(), no.len());
    }
}

/// Templates that would take hours, or more memory than there is.
fn hostile() -> Vec<String> {
    let double = |n: usize| {
        let doublings: Vec<String> = (0..n).map(|_| "{% set x = x ~ x %}".into()).collect();
        format!("{{% set x = question %}}{}{{{{ x }}}}", doublings.concat())
    };
    let nest = |of: &str, n: usize| {
        let loops: String = (0..n)
            .map(|i| {
                of.replace("AFTER", &format!("x{}", i + 1))
                    .replace("NOW", &format!("x{i}"))
            })
            .collect();
        format!(
            "{{% for x0 in [question] %}}{loops}{{{{ x{n} }}}}{}",
            "{% endfor %}".repeat(n + 1)
        )
    };
    let mut all = vec![
        double(60),
        double(200),
        double(60).replace('~', "+"),
        nest("{% for AFTER in [NOW ~ NOW] %}", 40),
        nest("{% for AFTER in [NOW + NOW] %}", 40),
        nest("{% for AFTER in [[NOW, NOW]] %}", 40).replace("{{ x40 }}", "{{ x40 == x40 }}{{ x40|length }}"),
        nest("{% for AFTER in [(NOW, NOW)] %}", 40).replace("{{ x40 }}", "{% if x40 == x40 %}a{% endif %}"),
        nest("{% for AFTER in NOW %}", 9),
        nest("{% with AFTER = NOW ~ NOW %}", 40).replace("endfor", "endwith").replace("{% for x0 in [question] %}", "{% with x0 = question %}"),
        "{% for a in range(10000) %}{% for b in range(10000) %}{% for c in range(10000) %}x{% endfor %}{% endfor %}{% endfor %}".into(),
        "{% for a in range(100000) %}{{ question }}{% endfor %}".into(),
        "{{ range(1000000000)|list }}".into(),
        "{{ question|indent(10000000000) }}".into(),
        "{{ question|indent(width=10000000000, first=true) }}".into(),
        "{{ 'a' * 1000000000000 }}".into(),
        "{{ 'a' * 100000000 }}".into(),
        "{{ ['a' * 100000000, 'b' * 100000000, 'c' * 100000000]|length }}".into(),
        "{{ ([question] * 100000000)|length }}".into(),
        "{{ (1,) * 100000000 }}".into(),
        "{{ 10 ** 100000000 }}".into(),
        "{{ question|center(10000000000) }}".into(),
        "{{ '%10000000000s'|format(question) }}".into(),
        "{{ question|replace('', question)|replace('', question)|replace('', question)|replace('', question) }}".into(),
        "{% set x = 'aaaaaaaaaaaaaaaa' %}".to_owned() + &"{% set x = x|replace('a', x) %}".repeat(9) + "{{ x }}",
        "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}".into(),
        "{% macro f(x) %}{{ caller(x ~ x) }}{% endmacro %}{% call(x) f('a') %}{{ x }}{% endcall %}".into(),
        "{% for x in [question] recursive %}{{ loop([x ~ x]) }}{% endfor %}".into(),
        "{% for x in [question] if true recursive %}{{ loop([x]) }}{{ loop([x]) }}{% endfor %}".into(),
        "{% include 'prompt.txt' %}".into(),
        "{% extends 'prompt.txt' %}".into(),
        "{% import 'prompt.txt' as p %}{{ p.x }}".into(),
        "{% block a %}{{ self.a() }}{% endblock %}".into(),
        "{% filter upper %}{{ question }}{% endfilter %}".into(),
        "{% set x = namespace(v='a') %}{% for i in question %}{% set x.v = x.v ~ x.v %}{% endfor %}{{ x.v }}".into(),
        "{% set x %}a{{ question }}{% endset %}".into(),
        format!("{{% for a in question %}}{{% for b in question %}}{}{{% endfor %}}{{% endfor %}}", "text ".repeat(12_000)),
        format!("{{% set x %}}{{% for a in question %}}{{% for b in question %}}{}{{% endfor %}}{{% endfor %}}{{% endset %}}{{{{ x }}}}", "text ".repeat(12_000)),
        format!("{{{{ {}1{} }}}}", "(".repeat(30_000), ")".repeat(30_000)),
        format!("{{{{ {}1{} }}}}", "[".repeat(900), "]".repeat(900)),
        format!("{{{{ {}1 }}}}", "-".repeat(1_900)),
        format!("{{{{ {}1 }}}}", "not ".repeat(490)),
        format!("{{{{ question{} }}}}", ".a".repeat(20_000)),
        format!("{{{{ question{} }}}}", "|upper".repeat(300)),
        format!("{{{{ question{} }}}}", " ~ question".repeat(180)),
        format!("{{{{ question{} }}}}", "[0]".repeat(20_000)),
        format!("{}x{}", "{% if question %}".repeat(2_000), "{% endif %}".repeat(2_000)),
        "{% if question %}a".to_owned() + &"{% elif question %}".repeat(3_000) + "{% endif %}",
        "{{ question }}".repeat(100_000),
        "{{ question }}".repeat(4_600),
        "{{".repeat(30_000),
        "{% raw %}".repeat(7_000),
        "{#".repeat(30_000),
        "x".repeat(10 << 20),
        "{{ 1.0e308 + 1.0e308 }}{{ 9223372036854775807 + 1 }}{{ 1 / 0 }}".into(),
        "{{ question[::-1] }}{{ question[:999999999999] }}".into(),
        "{{ debug() }}".into(),
        "{{ question.upper() }}".into(),
        "{% do question %}".into(),
        "{{ dict(a=1) }}{{ lipsum(100000000) }}".into(),
    ];
    all.push(all[0].replace("question", "hint"));
    all
}

/// Each in a process of its own, whose peak of memory is its own.
#[test]
fn hostile_templates_end_soon_and_in_little_memory() {
    let all = hostile();
    assert!(all.len() >= 40);
    for (number, source) in all.iter().enumerate() {
        let shown: String = source.chars().take(120).collect();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "renders_one", "--ignored", "--nocapture"])
            .env("TEST_TEMPLATE", number.to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(
            child.status.success(),
            "{number}, {shown}: {said} {}",
            String::from_utf8_lossy(&child.stderr)
        );
    }
}

#[test]
#[ignore = "run by `hostile_templates_end_soon_and_in_little_memory`"]
fn renders_one() {
    let Some(number) = std::env::var_os("TEST_TEMPLATE") else {
        return;
    };
    let source = &hostile()[number.to_str().unwrap().parse::<usize>().unwrap()];
    let begun = Instant::now();
    let role = Role::new("Ada", "female", "Potter", "ENFP");
    let rendered = render(source, Some(&role), None);
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    match rendered {
        Ok(text) => assert!(text.len() <= 256 << 10, "{} bytes", text.len()),
        Err(error) => assert!(error.starts_with("template, line "), "{error}"),
    }
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak: u64 = peak
            .unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap();
        assert!(peak < 200_000, "{peak} kB");
    }
}
