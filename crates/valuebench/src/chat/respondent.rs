//! A served model as the one who answers the questionnaire.

use std::sync::atomic::AtomicBool;

use super::{ChatClient, ChatError, ChatQuestion, ChatSampling, Message, Reply};
use crate::Prompt;

/// Answers prompts by a served model: for studies of roles and explicit instructions, which need
/// nothing of the model's inside.
///
/// ```no_run
/// use std::sync::atomic::AtomicBool;
/// use valuebench::chat::{ChatClient, ChatRespondent, PromptAs, ChatSampling};
/// use valuebench::{Judge, PromptTemplate, Questionnaire, Role, RuleJudge};
///
/// let questionnaire = Questionnaire::from_path("value_orientation.csv")?;
/// let role = Role::new("Ada Quill", "female", "Photographer", "ENFP");
/// let prompts: Result<Vec<_>, _> = questionnaire
///     .items()
///     .iter()
///     .map(|item| PromptTemplate::plain().render(item, Some(&role), None))
///     .collect();
/// let respondent = ChatRespondent::new(ChatClient::from_env()?, ChatSampling::greedy(100))
///     .with_prompts(PromptAs::Text);
/// for reply in respondent.answer_all(&prompts?, &AtomicBool::new(false), |_, _| ()) {
///     println!("{:?}", RuleJudge.judge(&reply?.text)?);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ChatRespondent {
    client: ChatClient,
    sampling: ChatSampling,
    prompts: PromptAs,
}

/// How a prompt comes to the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PromptAs {
    /// As a message of the user, which the server puts into the model's chat template. It goes with
    /// the [plain](crate::PromptTemplate::plain) template, not with one that has a chat form of its
    /// own.
    #[default]
    Message,
    /// As a text that the model goes on with, exactly as the published analysis asks its models.
    /// Not every server can do it.
    Text,
}

impl ChatRespondent {
    /// A respondent that gets its prompts as [messages](PromptAs::Message).
    pub fn new(client: ChatClient, sampling: ChatSampling) -> Self {
        Self {
            client,
            sampling,
            prompts: PromptAs::Message,
        }
    }

    /// How prompts come to the model; [`PromptAs::Message`] unless set.
    pub fn with_prompts(mut self, prompts: PromptAs) -> Self {
        self.prompts = prompts;
        self
    }

    /// The answer to a prompt: what the model writes after it, ready for a
    /// [`Judge`](crate::Judge).
    ///
    /// # Errors
    ///
    /// As for [`ChatClient::ask_unless`].
    pub fn answer(&self, prompt: &Prompt, stop: &AtomicBool) -> Result<Reply, ChatError> {
        let message = [Message::user(&*prompt.text)];
        let question = self.question(&message);
        self.client.ask_unless(stop, &question, &self.sampling)
    }

    /// The question that the prompt in a message is.
    fn question<'a>(&self, message: &'a [Message; 1]) -> ChatQuestion<'a> {
        match self.prompts {
            PromptAs::Message => ChatQuestion::Chat(message),
            PromptAs::Text => ChatQuestion::Text(&message[0].text),
        }
    }

    /// The answers to many prompts, in their order, asked as many at a time as the client may.
    ///
    /// `ended` is called on this thread for each as it ends, in any order. When `stop` becomes
    /// true, what has not been asked is [`ChatError::Stopped`].
    pub fn answer_all(
        &self,
        prompts: &[Prompt],
        stop: &AtomicBool,
        ended: impl FnMut(usize, &Result<Reply, ChatError>),
    ) -> Vec<Result<Reply, ChatError>> {
        let messages: Vec<[Message; 1]> = prompts
            .iter()
            .map(|prompt| [Message::user(&*prompt.text)])
            .collect();
        let questions: Vec<ChatQuestion<'_>> = messages
            .iter()
            .map(|message| self.question(message))
            .collect();
        self.client.ask_all(&questions, &self.sampling, stop, ended)
    }
}
