//! Asking a server, again where it may help.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::http::Http;
use super::many::in_parallel;
use super::pace::{Gate, sleep};
use super::wire::{self, WrongShape};
use super::{ChatError, ChatOptions, ChatQuestion, ChatSampling, ChatSetupError, Reply};

/// Asks an OpenAI-compatible server.
///
/// A question that fails [in a way that may pass](ChatError::may_pass) is asked again, after waits
/// that double, or as long as the server's `Retry-After` says; meanwhile the other questions of
/// this client wait too. Redirects are not followed. Clones share their connections and limits.
///
/// ```no_run
/// use valuebench::chat::{ChatClient, Message, ChatQuestion, ChatSampling};
///
/// let client = ChatClient::from_env()?;
/// let question = [Message::user("Should I love people? Answer with yes or no.")];
/// let reply = client.ask(&ChatQuestion::Chat(&question), &ChatSampling::greedy(16))?;
/// println!("{}", reply.text);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ChatClient(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    http: Http,
    gate: Gate,
}

impl ChatClient {
    /// A client for the server of the options. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ChatSetupError`] for options that cannot be, or that would send the key unencrypted.
    pub fn new(options: ChatOptions) -> Result<Self, ChatSetupError> {
        let checked = options.check()?;
        let options = &checked.options;
        let gate = Gate::new(options.concurrency, options.requests_per_minute);
        let http = Http::new(checked);
        Ok(Self(Arc::new(Inner { http, gate })))
    }

    /// A client for the server that the environment names, see [`ChatOptions::from_env`].
    ///
    /// # Errors
    ///
    /// [`ChatSetupError`] as for [`new`](Self::new), and for variables that are missing.
    pub fn from_env() -> Result<Self, ChatSetupError> {
        Self::new(ChatOptions::from_env()?)
    }

    /// The server's name of the model that is asked.
    pub fn model(&self) -> &str {
        &self.0.http.checked().options.model
    }

    /// Asks, and waits for the reply.
    ///
    /// # Errors
    ///
    /// [`ChatError`]: [`ChatError::GaveUp`] after the last attempt if each failed in a way that
    /// may pass, else the failure itself.
    pub fn ask(
        &self,
        question: &ChatQuestion<'_>,
        sampling: &ChatSampling,
    ) -> Result<Reply, ChatError> {
        self.ask_unless(&AtomicBool::new(false), question, sampling)
    }

    /// As [`ask`](Self::ask), until `stop` becomes true: then waits end, and a request that runs
    /// is the last.
    ///
    /// # Errors
    ///
    /// As for [`ask`](Self::ask), and [`ChatError::Stopped`].
    pub fn ask_unless(
        &self,
        stop: &AtomicBool,
        question: &ChatQuestion<'_>,
        sampling: &ChatSampling,
    ) -> Result<Reply, ChatError> {
        let checked = self.0.http.checked();
        let options = &checked.options;
        let body = wire::request(&options.model, question, sampling, options.token_limit);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let error = match self.attempt(stop, question, &body, attempts) {
                Err(error) if error.may_pass() => error,
                ended => return ended,
            };
            if attempts > options.retries {
                return Err(ChatError::GaveUp {
                    attempts,
                    last: Box::new(error),
                });
            }
            let wait = checked.backoff.wait(attempts, fastrand::f64());
            let asked = error.retry_after().unwrap_or_default();
            let wait = wait.max(asked.min(options.longest_retry_after));
            if !sleep(wait, stop) {
                return Err(ChatError::Stopped);
            }
        }
    }

    fn attempt(
        &self,
        stop: &AtomicBool,
        question: &ChatQuestion<'_>,
        body: &[u8],
        attempts: u32,
    ) -> Result<Reply, ChatError> {
        let Inner { http, gate } = &*self.0;
        let _pass = gate.enter(stop).ok_or(ChatError::Stopped)?;
        let start = Instant::now();
        let json = http.post(question.path(), body).inspect_err(|error| {
            // Before the next question gets its turn.
            if let Some(asked) = error.retry_after() {
                gate.pause(asked.min(http.checked().options.longest_retry_after));
            }
        })?;
        let completion = wire::completion(&json, question);
        let completion = completion.map_err(|WrongShape { expected, found }| ChatError::Shape {
            host: http.host(),
            expected,
            found,
        })?;
        Ok(Reply {
            text: completion.text,
            reasoning: completion.reasoning,
            finish: completion.finish,
            model: completion.model,
            prompt_tokens: completion.prompt_tokens,
            completion_tokens: completion.completion_tokens,
            attempts,
            took: start.elapsed(),
        })
    }

    /// Asks many questions, as many at a time as the client may, and gives the replies in their order.
    ///
    /// `ended` is called on this thread for each as it ends, in any order. When `stop` becomes
    /// true, what has not been asked is [`ChatError::Stopped`].
    pub fn ask_all(
        &self,
        questions: &[ChatQuestion<'_>],
        sampling: &ChatSampling,
        stop: &AtomicBool,
        ended: impl FnMut(usize, &Result<Reply, ChatError>),
    ) -> Vec<Result<Reply, ChatError>> {
        let work = |number: usize| self.ask_unless(stop, &questions[number], sampling);
        let replies = self.for_each(questions.len(), stop, work, ended);
        let replies = replies.into_iter();
        replies
            .map(|reply| reply.unwrap_or(Err(ChatError::Stopped)))
            .collect()
    }

    /// Does the work of many questions, as many at a time as the client may ask. See
    /// [`in_parallel`].
    pub(super) fn for_each<T: Send>(
        &self,
        n: usize,
        stop: &AtomicBool,
        work: impl Fn(usize) -> T + Sync,
        ended: impl FnMut(usize, &T),
    ) -> Vec<Option<T>> {
        let threads = self.0.http.checked().options.concurrency;
        in_parallel(threads, n, stop, work, ended)
    }
}
