//! Judge, reference graph and respondent, against a server that behaves.

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use valuebench::chat::{
    ChatClient, ChatError, ChatJudge, ChatRespondent, ChatSampling, ChatVerdict, FailuresAre,
    JudgeFailure, JudgedBy, PromptAs, ReferenceError, ReferenceGraph, Statement, TokenLimit,
};
use valuebench::{Item, Judge, Judgement, Keying, PromptTemplate, Role, RuleJudge, Stance};

use crate::server::{Server, asked, reply, saying};

/// The stance of each verdict, `None` where there is none.
fn stances(verdicts: &[ChatVerdict]) -> Vec<Option<Stance>> {
    verdicts.iter().map(ChatVerdict::stance).collect()
}

fn never() -> AtomicBool {
    AtomicBool::new(false)
}

/// A judge that says yes to what holds "good", no to "bad", fails on "fail", waffles otherwise, and
/// takes longer for what comes first.
fn opinionated() -> Server {
    Server::start(|number, request, stream| {
        thread::sleep(Duration::from_millis(20_u64.saturating_sub(number as u64)));
        let prompt = asked(request);
        let statement = prompt.rsplit("Judg").next().unwrap();
        stream.write_all(&match statement {
            text if text.contains("good") => saying("Yes."),
            text if text.contains("bad") => saying("no"),
            text if text.contains("fail") => reply("400 Bad Request", "", "too long"),
            _ => saying("It depends."),
        })
    })
}

fn responses() -> Vec<String> {
    let kinds = [
        "Answer: yes",
        "Answer: quite GOOD",
        "Answer: bad, bad",
        "Answer: fail",
        "Hm",
    ];
    (0..30)
        .map(|n| format!(" Thought {n}.\n{}", kinds[n % kinds.len()]))
        .collect()
}

#[test]
fn rules_first_then_the_model_and_failures_stay_unjudged() {
    let responses = responses();
    let statements: Vec<_> = responses
        .iter()
        .map(|text| Statement::Response(text))
        .collect();
    let expected = [
        Some(Stance::Yes),
        Some(Stance::Yes),
        Some(Stance::No),
        None,
        None,
    ]
    .repeat(6);
    for concurrency in [1, 7, 64] {
        let server = opinionated();
        let client = ChatClient::new(server.options().concurrency(concurrency)).unwrap();
        let judge = ChatJudge::new(client);
        let mut ended = Vec::new();
        let verdicts = judge.judge_all(&statements, &never(), |number, verdict| {
            ended.push((number, verdict.clone()));
        });
        assert_eq!(stances(&verdicts), expected);
        ended.sort_by_key(|(number, _)| *number);
        assert_eq!(
            ended,
            verdicts.iter().cloned().enumerate().collect::<Vec<_>>()
        );
        assert_eq!(
            server.requests().len(),
            24,
            "the rules decide six of thirty"
        );
        assert!(matches!(
            &verdicts[0],
            ChatVerdict::Judged {
                by: JudgedBy::Rules,
                ..
            }
        ));
        let ChatVerdict::Judged {
            by: JudgedBy::Model(reply),
            ..
        } = &verdicts[1]
        else {
            panic!("{:?}", verdicts[1]);
        };
        assert_eq!(reply.text, "Yes.");
        let ChatVerdict::Unjudged(failure) = &verdicts[3] else {
            panic!("{:?}", verdicts[3]);
        };
        assert!(
            failure.to_string().ends_with("HTTP status 400: too long"),
            "{failure}"
        );
        let ChatVerdict::Unjudged(failure) = &verdicts[4] else {
            panic!("{:?}", verdicts[4]);
        };
        assert_eq!(
            failure.to_string(),
            "expected the judgement yes, no or unsure, found \"It depends.\""
        );
    }
}

#[test]
fn what_failed_is_taken_up_again() {
    let server = Server::saying_in_turn(vec![
        reply("400 Bad Request", "", "later"),
        saying("eh"),
        saying("unsure"),
    ]);
    let client = ChatClient::new(server.options().concurrency(1)).unwrap();
    let judge = ChatJudge::new(client);
    let mut left = vec![Statement::Response("a"), Statement::Response("b")];
    let mut rounds = 0;
    while !left.is_empty() {
        rounds += 1;
        let verdicts = judge.judge_all(&left, &never(), |_, _| ());
        let mut verdicts = verdicts.iter();
        left.retain(|_| verdicts.next().unwrap().stance().is_none());
    }
    assert_eq!(rounds, 2);
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn the_released_judge_takes_failures_as_unsure_and_says_so() {
    let responses = responses();
    let statements: Vec<_> = responses
        .iter()
        .map(|text| Statement::Response(text))
        .collect();
    let server = opinionated();
    let judge = ChatJudge::like_released(server.client());
    let verdicts = judge.judge_all(&statements[..5], &never(), |_, _| ());
    let unsure = Some(Stance::Unsure);
    // "Yes." is not the word alone.
    let expected = [Some(Stance::Yes), unsure, Some(Stance::No), unsure, unsure];
    assert_eq!(stances(&verdicts), expected);
    for number in [1, 3, 4] {
        let by_failure = matches!(
            &verdicts[number],
            ChatVerdict::Judged {
                by: JudgedBy::Failure(_),
                ..
            }
        );
        assert!(by_failure, "{:?}", verdicts[number]);
    }
    assert!(server.requests()[0].body.get("temperature").is_none());
}

#[test]
fn a_thought_goes_to_the_model_alone() {
    let server = opinionated();
    let judge = ChatJudge::new(server.client());
    let thought = Statement::Thought {
        thought: "No harm in being GOOD",
        question: "Should I?",
    };
    let verdicts = judge.judge_all(&[thought], &never(), |_, _| ());
    assert_eq!(stances(&verdicts), [Some(Stance::Yes)]);
    let requests = server.requests();
    assert!(asked(&requests[0]).ends_with("Judgment: no harm in being good\nOutput:"));
    assert_eq!(requests[0].body["temperature"], 0.0);
}

#[test]
fn as_a_judge_after_the_rules() {
    let server = opinionated();
    let judge = RuleJudge.then(ChatJudge::new(server.client()));
    assert_eq!(judge.judge("no").unwrap(), Judgement::Decided(Stance::No));
    assert_eq!(
        judge.judge("good").unwrap(),
        Judgement::Decided(Stance::Yes)
    );
    assert!(judge.judge("maybe").is_err());
    let lenient = ChatJudge::new(server.client()).with_failures(FailuresAre::Unsure);
    assert_eq!(
        lenient.judge("maybe").unwrap(),
        Judgement::Decided(Stance::Unsure)
    );
}

#[test]
fn stopping_leaves_the_rest_unjudged() {
    let server = opinionated();
    let stop = never();
    let statements = vec![Statement::Response("bad"); 50];
    let client = ChatClient::new(server.options().concurrency(2)).unwrap();
    let judge = ChatJudge::like_released(client);
    let mut judged = 0;
    let verdicts = judge.judge_all(&statements, &stop, |_, _| {
        judged += 1;
        if judged == 3 {
            stop.store(true, Ordering::Relaxed);
        }
    });
    let stopped = ChatVerdict::Unjudged(JudgeFailure::Chat(ChatError::Stopped));
    let left = verdicts
        .iter()
        .filter(|verdict| **verdict == stopped)
        .count();
    assert_eq!(verdicts.len(), 50);
    assert!(left >= 50 - 3 - 2 * 2, "{left}");
}

#[test]
fn reference_graphs() {
    let values = ["Empathy", "Social", "Positive coping"].map(str::to_owned);
    let text = "Here you are.\nedges = [\n ['social', 'Empathy'], # it's so\n]\n";
    let server = Server::saying_in_turn(vec![
        saying(text),
        saying("edges = [['Social', 'Greed']]"),
        reply("404 Not Found", "", "no such model"),
    ]);
    let client = server.client();
    let ask = || ReferenceGraph::ask(&client, &values, None, &ChatSampling::greedy(1000));
    let graph = ask().unwrap();
    assert_eq!(graph.edges, [["Social", "Empathy"]]);
    assert_eq!(graph.raw, text);
    let error = ask().unwrap_err();
    assert_eq!(
        error.to_string(),
        "reply of the model, expected only values of the list, found \"Greed\" (line 1)"
    );
    assert!(matches!(error, ReferenceError::Edges { raw, .. } if raw.contains("Greed")));
    assert!(matches!(ask().unwrap_err(), ReferenceError::Chat(_)));
    let requests = server.requests();
    assert_eq!(asked(&requests[0]), ReferenceGraph::prompt(&values, None));
    assert!(asked(&requests[0]).contains("[\"Empathy\", \"Social\", \"Positive coping\"]"));
}

#[test]
fn a_respondent_gets_each_prompt_and_keeps_their_order() {
    let server = Server::start(|number, request, stream| {
        thread::sleep(Duration::from_millis(20_u64.saturating_sub(number as u64)));
        let text = match request.body.get("prompt") {
            Some(prompt) => prompt.as_str().unwrap(),
            None => asked(request),
        };
        let question = text.rsplit("Question: ").next().unwrap();
        stream.write_all(&saying(&format!(" {question}\nAnswer: yes")))
    });
    let item = |n: usize| Item {
        inventory: "SOV".into(),
        statement: format!("{n}"),
        value: "Social".into(),
        keying: Keying::Positive,
        question: format!("Should I {n}?"),
        ..Item::default()
    };
    let role = Role::new("Ada Quill", "female", "Photographer", "ENFP");
    let template = PromptTemplate::plain();
    let render = |n| template.render(&item(n), Some(&role), None).unwrap();
    let prompts: Vec<_> = (0..12).map(render).collect();
    let client = ChatClient::new(server.options().concurrency(5)).unwrap();
    for (prompts_are, path) in [
        (PromptAs::Message, "POST /v1/chat/completions "),
        (PromptAs::Text, "POST /v1/completions "),
    ] {
        let respondent = ChatRespondent::new(client.clone(), ChatSampling::greedy(50));
        let respondent = respondent.with_prompts(prompts_are);
        let seen = Mutex::new(0);
        let answers = respondent.answer_all(&prompts, &never(), |_, answer| {
            assert!(answer.is_ok());
            *seen.lock().unwrap() += 1;
        });
        assert_eq!(*seen.lock().unwrap(), 12);
        for (n, answer) in answers.into_iter().enumerate() {
            let expected = format!(" Should I {n}?\nThought:\nAnswer: yes");
            assert_eq!(answer.unwrap().text, expected);
        }
        let requests = server.requests();
        assert!(requests.last().unwrap().head.starts_with(path));
        assert_eq!(requests.last().unwrap().body["max_tokens"], 50);
    }
}

/// A model that cannot judge is told from one that sometimes does not.
#[test]
fn a_judge_whose_every_reply_is_refused_ends_after_a_few() {
    let not_known = r#"{"error":{"message":"Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'."}}"#;
    let cut_off = r#"{"choices":[{"finish_reason":"length","message":{"content":null,"reasoning":"Let me"}}]}"#;
    for (reply, word) in [
        (
            reply("400 Bad Request", "", not_known),
            "Use 'max_completion_tokens'",
        ),
        (reply("404 Not Found", "", "no such model"), "no such model"),
        (
            reply("200 OK", "", cut_off),
            "a model that reasons first needs a higher limit",
        ),
    ] {
        for like_released in [false, true] {
            let server = Server::saying(reply.clone());
            let client = ChatClient::new(server.options().concurrency(2)).unwrap();
            let judge = match like_released {
                true => ChatJudge::like_released(client),
                false => ChatJudge::new(client),
            };
            let judge = judge.with_give_up_after(3);
            let statements = [Statement::Response("Hm"); 50];
            let mut ended = Vec::new();
            let verdicts = judge.judge_all(&statements, &never(), |number, verdict| {
                ended.push((number, verdict.clone()));
            });
            assert!(
                (3..=5).contains(&server.requests().len()),
                "{}",
                server.requests().len()
            );
            assert_eq!(stances(&verdicts), [None; 50]);
            ended.sort_by_key(|(number, _)| *number);
            let expected: Vec<_> = verdicts.iter().cloned().enumerate().collect();
            assert_eq!(ended, expected);
            let ChatVerdict::Unjudged(last @ JudgeFailure::GaveUp { .. }) = &verdicts[49] else {
                panic!("{:?}", verdicts[49]);
            };
            let last = last.to_string();
            assert!(
                last.starts_with(
                    "not asked, because none of the first requests (3) got a judgement"
                ),
                "{last}"
            );
            assert!(last.contains(word), "{last}");
        }
    }
    // One judgement is enough to go on.
    let refused = || reply("400 Bad Request", "", not_known);
    let mut replies = vec![refused(); 2];
    replies.push(saying("no"));
    replies.extend(vec![refused(); 30]);
    let server = Server::saying_in_turn(replies);
    let client = ChatClient::new(server.options().concurrency(1)).unwrap();
    let judge = ChatJudge::like_released(client).with_give_up_after(3);
    let verdicts = judge.judge_all(&[Statement::Response("Hm"); 20], &never(), |_, _| ());
    let mut expected = [Some(Stance::Unsure); 20];
    expected[2] = Some(Stance::No);
    assert_eq!(stances(&verdicts), expected);
}

#[test]
fn a_judge_that_says_something_else_ends_after_a_few_more() {
    let asked = |replies: Vec<Vec<u8>>, judge: fn(ChatClient) -> ChatJudge| {
        let server = Server::saying_in_turn(replies);
        let client = ChatClient::new(server.options().concurrency(1)).unwrap();
        let judge = judge(client).with_give_up_after(3);
        let verdicts = judge.judge_all(&[Statement::Response("Hm"); 20], &never(), |_, _| ());
        (server.requests().len(), verdicts)
    };
    let senseless = || vec![saying("It depends."); 20];
    let (n, verdicts) = asked(senseless(), ChatJudge::new);
    assert_eq!((n, stances(&verdicts)), (6, vec![None; 20]));
    let ChatVerdict::Unjudged(last) = &verdicts[19] else {
        panic!("{:?}", verdicts[19]);
    };
    assert_eq!(
        last.to_string(),
        "not asked, because none of the first requests (6) got a judgement; the last: expected the judgement yes, no or \
         unsure, found \"It depends.\""
    );
    // One judgement among them is enough to go on, and what the released code takes for unsure is unsure.
    let mut replies = senseless();
    replies[5] = saying("no");
    let (n, verdicts) = asked(replies, ChatJudge::new);
    assert_eq!((n, stances(&verdicts)[5]), (20, Some(Stance::No)));
    // One that has judged before may have come to what is hard to judge.
    let (n, _) = asked(senseless(), |client| {
        ChatJudge::new(client).with_judgements_before()
    });
    assert_eq!(n, 20);
    let (n, verdicts) = asked(senseless(), ChatJudge::like_released);
    assert_eq!(
        (n, stances(&verdicts)),
        (20, vec![Some(Stance::Unsure); 20])
    );
}

#[test]
fn judges_that_reason_are_read() {
    for body in [
        r#"{"choices":[{"message":{"content":"<think>\nYes or no? No.\n</think>\n\nyes"}}]}"#,
        r#"{"choices":[{"message":{"content":"Yes or no? No.\n</think>\n\nyes"}}]}"#,
        r#"{"choices":[{"message":{"content":"yes","reasoning_content":"No."}}]}"#,
        r#"{"choices":[{"message":{"content":"yes","reasoning":"No."}}]}"#,
        r#"{"choices":[{"message":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"No."}]},{"type":"text","text":"yes"}]}}]}"#,
        r#"{"choices":[{"message":{"content":[{"type":"text","text":"yes"}]}}]}"#,
    ] {
        let server = Server::saying(reply("200 OK", "", body));
        let options = server
            .options()
            .token_limit(TokenLimit::MaxCompletionTokens);
        let mut sampling = ChatSampling {
            max_tokens: Some(2000),
            ..ChatSampling::default()
        };
        sampling
            .extra
            .insert("reasoning_effort".into(), "low".into());
        let judge = ChatJudge::new(ChatClient::new(options).unwrap()).with_sampling(sampling);
        let verdicts = judge.judge_all(&[Statement::Response("Hm")], &never(), |_, _| ());
        assert_eq!(stances(&verdicts), [Some(Stance::Yes)], "{body}");
        let sent = &server.requests()[0].body;
        assert_eq!(sent["max_completion_tokens"], 2000);
        assert_eq!(sent["reasoning_effort"], "low");
        assert!(
            sent.get("temperature").is_none() && sent.get("max_tokens").is_none(),
            "{sent}"
        );
    }
}
