//! A real OpenAI-compatible server: see `scripts/chat_server`. The model may be any; what it says
//! is not compared with anything but itself.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use valuebench::chat::{
    ChatClient, ChatError, ChatJudge, ChatOptions, ChatQuestion, ChatRespondent, ChatSampling,
    ChatVerdict, JudgedBy, Message, PromptAs, ReferenceError, ReferenceGraph, Statement,
};
use valuebench::{Item, Keying, Prompt, PromptTemplate, Role};

/// Options for the server, and its name of the model, unless none is named.
fn options() -> Option<ChatOptions> {
    let read = |name| match std::env::var(name) {
        Ok(text) => Some(text),
        Err(_) => {
            eprintln!("skipped: no real server, {name} is not set");
            None
        }
    };
    let (url, model) = (read("VALUEBENCH_CHAT_URL")?, read("VALUEBENCH_CHAT_MODEL")?);
    let options = ChatOptions::new(url, model).timeout(Duration::from_secs(300));
    Some(options.key("sk-not-a-key-0123456789"))
}

fn client(concurrency: usize) -> Option<ChatClient> {
    Some(ChatClient::new(options()?.concurrency(concurrency)).unwrap())
}

#[test]
fn real_replies_over_both_endpoints() {
    let Some(client) = client(1) else { return };
    let messages = [Message::user("Should I love people?")];
    for question in [
        ChatQuestion::Chat(&messages),
        ChatQuestion::Text("Should I love people?"),
    ] {
        let ask = || client.ask(&question, &ChatSampling::greedy(8)).unwrap();
        let (first, second) = (ask(), ask());
        assert_eq!(first.text, second.text);
        assert!(
            first
                .completion_tokens
                .is_some_and(|n| (1..=8).contains(&n)),
            "{first:?}"
        );
        assert!(first.prompt_tokens.is_some_and(|n| n > 0), "{first:?}");
        assert_eq!(first.attempts, 1);
        println!("{question:?}: {first:?}");
    }
}

#[test]
fn real_refusals() {
    let Some(options) = options() else { return };
    let ask_about = |text: &str, options: ChatOptions| {
        let client = ChatClient::new(options).unwrap();
        client.ask(
            &ChatQuestion::Chat(&[Message::user(text)]),
            &ChatSampling::greedy(1),
        )
    };
    let ask = |options| ask_about("?", options);
    let url = std::env::var("VALUEBENCH_CHAT_URL").unwrap();
    let is_refusal = |error: &ChatError| {
        matches!(
            error,
            ChatError::Status {
                status: 400..500,
                ..
            }
        )
    };
    let misled = ChatOptions::new(format!("{url}/nowhere"), "no-such-model-0");
    let misled = ask(misled).unwrap_err();
    println!("{misled}");
    assert!(is_refusal(&misled), "{misled}");
    // Servers of a single model may answer with that one whatever it is called.
    match ask(ChatOptions::new(&url, "no-such-model-0")) {
        Ok(reply) => println!("an unknown model: {reply:?}"),
        Err(error) => assert!(is_refusal(&error), "{error}"),
    }
    // Longer to read than a millisecond.
    let hurried = options.timeout(Duration::from_millis(1)).retries(0);
    let hurried = ask_about(&"?".repeat(2_000), hurried).unwrap_err();
    println!("{hurried}");
    assert!(
        matches!(hurried, ChatError::GaveUp { attempts: 1, .. }),
        "{hurried}"
    );
}

/// What a verdict rests on.
fn ground(verdict: &ChatVerdict) -> String {
    match verdict {
        ChatVerdict::Judged {
            stance,
            by: JudgedBy::Rules,
        } => format!("rules: {stance}"),
        ChatVerdict::Judged {
            stance,
            by: JudgedBy::Model(reply),
        } => {
            format!("model: {stance}, {:?}", reply.text)
        }
        ChatVerdict::Unjudged(failure) => failure.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn real_judgements_do_not_depend_on_concurrency() {
    let texts: Vec<_> = (0..12)
        .map(|n| format!(" It is {n}.\nAnswer: well, {n}"))
        .collect();
    let mut statements: Vec<_> = texts.iter().map(|text| Statement::Response(text)).collect();
    statements.push(Statement::Response(" a\nAnswer: no"));
    statements.push(Statement::Thought {
        thought: "I like people.",
        question: "Should I love people?",
    });
    let grounds = |concurrency| {
        // The organism judges nothing; as one that has judged before it is asked all the same.
        let judge = ChatJudge::new(client(concurrency)?)
            .with_sampling(ChatSampling::greedy(6))
            .with_judgements_before();
        let verdicts = judge.judge_all(&statements, &AtomicBool::new(false), |_, _| ());
        Some(verdicts.iter().map(ground).collect::<Vec<_>>())
    };
    let Some(one_by_one) = grounds(1) else { return };
    println!("{}", one_by_one.join("\n"));
    assert_eq!(one_by_one[12], "rules: no");
    assert!(
        !one_by_one
            .iter()
            .any(|ground| ground.starts_with("no judgement"))
    );
    assert_eq!(grounds(6).unwrap(), one_by_one);
}

fn prompts() -> Vec<Prompt> {
    let role = Role::new("Ada Quill", "female", "Photographer", "ENFP");
    let render = |n| {
        let item = Item {
            inventory: "SOV".into(),
            statement: format!("I love {n} people."),
            value: "Social".into(),
            keying: Keying::Positive,
            question: format!("Should I love {n} people?"),
            ..Item::default()
        };
        PromptTemplate::plain()
            .render(&item, Some(&role), None)
            .unwrap()
    };
    (0..8).map(render).collect()
}

#[test]
fn real_answers_do_not_depend_on_concurrency() {
    let answers = |concurrency, prompts_are| {
        let respondent = ChatRespondent::new(client(concurrency)?, ChatSampling::greedy(12));
        let respondent = respondent.with_prompts(prompts_are);
        let answers = respondent.answer_all(&prompts(), &AtomicBool::new(false), |_, _| ());
        Some(
            answers
                .into_iter()
                .map(|answer| answer.unwrap().text)
                .collect::<Vec<_>>(),
        )
    };
    for prompts_are in [PromptAs::Message, PromptAs::Text] {
        let Some(one_by_one) = answers(1, prompts_are) else {
            return;
        };
        println!("{prompts_are:?}: {one_by_one:?}");
        assert_eq!(answers(5, prompts_are).unwrap(), one_by_one);
    }
}

#[test]
fn a_real_reference_graph_or_the_reason_why_not() {
    let Some(client) = client(1) else { return };
    let values = ["Empathy", "Social", "Resilience"].map(str::to_owned);
    match ReferenceGraph::ask(&client, &values, None, &ChatSampling::greedy(64)) {
        Ok(graph) => println!("{graph:?}"),
        Err(ReferenceError::Edges { problem, raw }) => println!("{problem}: {raw:?}"),
        Err(error) => panic!("{error}"),
    }
}
