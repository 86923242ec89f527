//! Judging by a language model.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::judge_prompt::{self, JudgeWording, Statement};
use super::{ChatClient, ChatError, ChatQuestion, ChatSampling, Message, Reply};
use crate::{Judge, Judgement, RuleJudge, Stance};

/// Asks a language model what an answer or a thought means.
///
/// Alone it is a [`Judge`], for what another one leaves open: `RuleJudge.then(judge)`. For many
/// there is [`judge_all`](Self::judge_all), which applies the [rules](RuleJudge) first and asks
/// about the rest, several at a time.
///
/// What fails stays [unjudged](ChatVerdict::Unjudged), with the reason, and can be given again; it is
/// never taken as unsure, unless one [asks for it](FailuresAre::Unsure). A model that judges
/// none of the first answers is not asked on: [`JudgeFailure::GaveUp`] has its own words.
///
/// A model that reasons before it replies needs more tokens, and most of the newer ones want their
/// limit under [another name](super::TokenLimit::MaxCompletionTokens) and no temperature:
///
/// ```
/// use valuebench::chat::{ChatClient, ChatJudge, ChatOptions, ChatSampling, TokenLimit};
///
/// let options = ChatOptions::new("https://api.openai.com/v1", "gpt-5-mini")
///     .token_limit(TokenLimit::MaxCompletionTokens);
/// let mut sampling = ChatSampling { max_tokens: Some(2000), ..ChatSampling::default() };
/// sampling.extra.insert("reasoning_effort".into(), "low".into());
/// let judge = ChatJudge::new(ChatClient::new(options)?).with_sampling(sampling);
/// # Ok::<(), valuebench::chat::ChatSetupError>(())
/// ```
///
/// ```no_run
/// use std::sync::atomic::AtomicBool;
/// use valuebench::chat::{ChatClient, ChatJudge, Statement, ChatVerdict};
///
/// let judge = ChatJudge::new(ChatClient::from_env()?);
/// let statements = [
///     Statement::Response(" I like people.\nAnswer: yes"),
///     Statement::Response(" I think I would rather have them around"),
/// ];
/// let verdicts = judge.judge_all(&statements, &AtomicBool::new(false), |number, verdict| {
///     println!("{number}: {verdict:?}");
/// });
/// let again = verdicts.iter().filter(|verdict| verdict.stance().is_none()).count();
/// println!("{again} are left to be judged");
/// # Ok::<(), valuebench::chat::ChatSetupError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ChatJudge {
    client: ChatClient,
    wording: JudgeWording,
    failures: FailuresAre,
    sampling: ChatSampling,
    give_up_after: usize,
    has_judged_before: bool,
    record: Arc<Record>,
}

/// How the model has done so far; clones of a judge share it.
#[derive(Debug, Default)]
struct Record {
    has_judged: AtomicBool,
    /// Requests that got no judgement before it first judged.
    fruitless: AtomicUsize,
}

/// What becomes of an answer whose judging fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FailuresAre {
    /// It stays unjudged.
    #[default]
    Unjudged,
    /// It counts as unsure, as in the released code; [`JudgedBy::Failure`] tells which.
    Unsure,
}

/// What came of judging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatVerdict {
    /// There is a judgement.
    Judged {
        /// The position taken.
        stance: Stance,
        /// Who found it.
        by: JudgedBy,
    },
    /// There is none yet.
    Unjudged(JudgeFailure),
}

/// Who judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JudgedBy {
    /// The rules.
    Rules,
    /// The model, with these words.
    Model(Reply),
    /// Nobody: [`FailuresAre::Unsure`] made it unsure.
    Failure(JudgeFailure),
}

/// Why there is no judgement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JudgeFailure {
    /// The model was not reached, or gave no reply.
    #[error("no judgement: {0}")]
    Chat(#[from] ChatError),
    /// The model replied something else.
    #[error("expected the judgement yes, no or unsure, found {:?}", reply.text)]
    Unclear {
        /// What it replied.
        reply: Box<Reply>,
    },
    /// It was not asked, because none of the first requests got a judgement.
    #[error(
        "not asked, because none of the first requests ({n}) got a judgement; the last: {last}"
    )]
    GaveUp {
        /// Number of these requests.
        n: usize,
        /// What was wrong with the last one.
        last: Box<JudgeFailure>,
    },
}

impl ChatVerdict {
    /// The position, if it was judged.
    pub fn stance(&self) -> Option<Stance> {
        match self {
            Self::Judged { stance, .. } => Some(*stance),
            Self::Unjudged(_) => None,
        }
    }
}

impl ChatJudge {
    /// A judge with the paper's wording, whose failures stay unjudged. It takes the likeliest
    /// reply of at most 16 tokens.
    pub fn new(client: ChatClient) -> Self {
        Self {
            client,
            wording: JudgeWording::Paper,
            failures: FailuresAre::Unjudged,
            sampling: ChatSampling::greedy(16),
            give_up_after: 5,
            has_judged_before: false,
            record: Arc::default(),
        }
    }

    /// A judge that does what the released code does: its wording, the server's own sampling, and
    /// unsure for all that fails.
    pub fn like_released(client: ChatClient) -> Self {
        Self::new(client)
            .with_wording(JudgeWording::Released)
            .with_failures(FailuresAre::Unsure)
            .with_sampling(ChatSampling::default())
    }

    /// The wording; [`JudgeWording::Paper`] unless set.
    pub fn with_wording(mut self, wording: JudgeWording) -> Self {
        self.wording = wording;
        self
    }

    /// What becomes of failures; [`FailuresAre::Unjudged`] unless set.
    pub fn with_failures(mut self, failures: FailuresAre) -> Self {
        self.failures = failures;
        self
    }

    /// How the model draws its tokens; `ChatSampling::greedy(16)` unless set. Models that reason before
    /// they reply need more tokens.
    pub fn with_sampling(mut self, sampling: ChatSampling) -> Self {
        self.sampling = sampling;
        self
    }

    /// How many requests may be refused, or get a reply without a text, before
    /// [`judge_all`](Self::judge_all) asks no more, as long as there was no judgement. Of texts that
    /// are no judgement it takes twice as many, as a model may be lost for words now and then; with
    /// [`FailuresAre::Unsure`] they are taken as they are. 5 unless set.
    pub fn with_give_up_after(mut self, requests: usize) -> Self {
        self.give_up_after = requests.max(1);
        self
    }

    /// The model has judged others before, so that what is left may be hard to judge: texts that are no
    /// judgement are no reason to give it up.
    pub fn with_judgements_before(mut self) -> Self {
        self.has_judged_before = true;
        self
    }

    /// The text that the model is asked with. Answers and thoughts are in lower case, as in the
    /// paper.
    pub fn prompt(&self, statement: &Statement<'_>) -> String {
        judge_prompt::render(self.wording, statement)
    }

    /// Judges many, as many at a time as the client may ask. Verdicts are in the order of the
    /// statements and depend on neither number nor speed.
    ///
    /// `ended` is called on this thread for each statement once its verdict is there, in any order.
    /// Requests that are refused before the model has judged anything are held back until it either
    /// judges something or is [given up](Self::with_give_up_after). When `stop` becomes true, what
    /// has not been asked stays unjudged, with [`ChatError::Stopped`]. After giving up, what was
    /// refused or not asked stays unjudged, too. Both hold for [`FailuresAre::Unsure`] as well.
    pub fn judge_all(
        &self,
        statements: &[Statement<'_>],
        stop: &AtomicBool,
        ended: impl FnMut(usize, &ChatVerdict),
    ) -> Vec<ChatVerdict> {
        let stopped = || ChatVerdict::Unjudged(ChatError::Stopped.into());
        let mut verdicts = Ending {
            judge: self,
            verdicts: statements.iter().map(|_| None).collect(),
            waiting: Vec::new(),
            ended,
        };
        let gave_up = OnceLock::new();
        let work = |number: usize| {
            let statement = &statements[number];
            match gave_up.get() {
                Some(failure) if by_rules(statement).is_none() => Err(JudgeFailure::clone(failure)),
                _ => self.find(statement, stop).inspect_err(|failure| {
                    if let Some(failure) = self.last_straw(failure) {
                        let _ = gave_up.set(failure);
                    }
                }),
            }
        };
        let ended = |number, found: &_| verdicts.take(number, found);
        self.client.for_each(statements.len(), stop, work, ended);
        verdicts.end_waiting(gave_up.get().is_some());
        let verdicts = verdicts.verdicts.into_iter();
        verdicts
            .map(|verdict| verdict.unwrap_or_else(stopped))
            .collect()
    }

    fn find(
        &self,
        statement: &Statement<'_>,
        stop: &AtomicBool,
    ) -> Result<(Stance, JudgedBy), JudgeFailure> {
        if let Some(stance) = by_rules(statement) {
            return Ok((stance, JudgedBy::Rules));
        }
        let (stance, reply) = self.ask(statement, stop)?;
        self.record.has_judged.store(true, Ordering::Relaxed);
        Ok((stance, JudgedBy::Model(reply)))
    }

    /// The failure for all that is not asked yet, if this one is one too many.
    fn last_straw(&self, failure: &JudgeFailure) -> Option<JudgeFailure> {
        if self.record.has_judged.load(Ordering::Relaxed) {
            return None;
        }
        let most = match failure {
            JudgeFailure::Unclear { .. }
                if self.failures == FailuresAre::Unjudged && !self.has_judged_before =>
            {
                self.give_up_after.saturating_mul(2)
            }
            failure if failure.is_refusal() => self.give_up_after,
            _ => return None,
        };
        let n = self.record.fruitless.fetch_add(1, Ordering::Relaxed) + 1;
        (n >= most).then(|| JudgeFailure::GaveUp {
            n,
            last: Box::new(failure.clone()),
        })
    }

    fn verdict(&self, failure: JudgeFailure) -> ChatVerdict {
        match self.counts_as_unsure(&failure) {
            true => ChatVerdict::Judged {
                stance: Stance::Unsure,
                by: JudgedBy::Failure(failure),
            },
            false => ChatVerdict::Unjudged(failure),
        }
    }

    fn ask(
        &self,
        statement: &Statement<'_>,
        stop: &AtomicBool,
    ) -> Result<(Stance, Reply), JudgeFailure> {
        let question = [Message::user(self.prompt(statement))];
        let question = ChatQuestion::Chat(&question);
        let reply = self.client.ask_unless(stop, &question, &self.sampling)?;
        match judge_prompt::read(self.wording, &reply.text) {
            Some(stance) => Ok((stance, reply)),
            None => Err(JudgeFailure::Unclear {
                reply: Box::new(reply),
            }),
        }
    }

    fn counts_as_unsure(&self, failure: &JudgeFailure) -> bool {
        let was_asked = !matches!(
            failure,
            JudgeFailure::Chat(ChatError::Stopped) | JudgeFailure::GaveUp { .. }
        );
        self.failures == FailuresAre::Unsure && was_asked
    }
}

/// Verdicts as they end.
struct Ending<'a, F> {
    judge: &'a ChatJudge,
    verdicts: Vec<Option<ChatVerdict>>,
    /// Failures from before the model has judged once: were they unsure already, they would stay so
    /// where the run ends because of them.
    waiting: Vec<(usize, JudgeFailure)>,
    ended: F,
}

impl<F: FnMut(usize, &ChatVerdict)> Ending<'_, F> {
    fn take(&mut self, number: usize, found: &Result<(Stance, JudgedBy), JudgeFailure>) {
        let has_judged = self.judge.record.has_judged.load(Ordering::Relaxed);
        if has_judged {
            self.end_waiting(false);
        }
        match found.clone() {
            Ok((stance, by)) => self.end(number, ChatVerdict::Judged { stance, by }),
            Err(failure) if failure.is_refusal() && !has_judged => {
                self.waiting.push((number, failure));
            }
            Err(failure) => self.end(number, self.judge.verdict(failure)),
        }
    }

    fn end_waiting(&mut self, gave_up: bool) {
        for (number, failure) in std::mem::take(&mut self.waiting) {
            let verdict = match gave_up {
                true => ChatVerdict::Unjudged(failure),
                false => self.judge.verdict(failure),
            };
            self.end(number, verdict);
        }
    }

    fn end(&mut self, number: usize, verdict: ChatVerdict) {
        (self.ended)(number, &verdict);
        self.verdicts[number] = Some(verdict);
    }
}

impl JudgeFailure {
    /// Whether the next request would most likely be refused, too.
    fn is_refusal(&self) -> bool {
        match self {
            Self::Chat(error) => {
                matches!(error, ChatError::Status { .. } | ChatError::Shape { .. })
                    && !error.may_pass()
            }
            Self::Unclear { .. } | Self::GaveUp { .. } => false,
        }
    }
}

impl Judge for ChatJudge {
    type Error = JudgeFailure;

    /// Asks the model about the response's answer, without the rules.
    fn judge(&self, response: &str) -> Result<Judgement, JudgeFailure> {
        let asked = self.ask(&Statement::Response(response), &AtomicBool::new(false));
        match asked {
            Ok((stance, _)) => Ok(Judgement::Decided(stance)),
            Err(failure) if self.counts_as_unsure(&failure) => {
                Ok(Judgement::Decided(Stance::Unsure))
            }
            Err(failure) => Err(failure),
        }
    }
}

fn by_rules(statement: &Statement<'_>) -> Option<Stance> {
    let Statement::Response(response) = statement else {
        return None;
    };
    let Ok(judgement) = RuleJudge.judge(response);
    match judgement {
        Judgement::Decided(stance) => Some(stance),
        Judgement::Open => None,
    }
}
