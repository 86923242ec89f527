"""What transformers computes with a real model, in 32 bits, for tch-lens's test `real_model` to compare with.

    python goldens.py MODEL FOLDER [--stored FILE]

MODEL is a folder that setup.py made. FOLDER gets everything: logits of 20 prompts of 200 tokens, greedy continuations of
50 prompts and the log-probabilities of candidates behind 20. FILE gets the few numbers that lie beside the test.
"""

import argparse
import json
import random
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

NEW_TOKENS = 24
EVERY = 10
CANDIDATES = [" yes", " no", " Yes", " No", " I cannot say"]
WHO = ["a nurse", "a farmer who keeps bees", "an old captain", "a student of law", "a baker", "the mayor of a small town"]
WHAT = [
    "keep a promise that has become a burden", "tell a friend an unpleasant truth", "work late to finish what was begun",
    "help a stranger who does not ask for it", "follow a rule that makes no sense", "try a dish that nobody knows",
    "lend money to a brother", "ask for directions", "spend the evening alone", "argue with a teacher",
]
WHY = ["because it is right", "although it is hard", "when nobody is looking", "before the week is over", "if it costs little"]


def questions(n, seed):
    draw = random.Random(seed)
    for _ in range(n):
        yield draw.choice(WHO), f"Should {draw.choice(WHO)} {draw.choice(WHAT)} {draw.choice(WHY)}?"


def prompts(n, seed):
    """As a study asks, as a chat template writes it, and as plain text to go on with."""
    for at, (who, question) in enumerate(questions(n, seed)):
        yield [
            f"Instruction:\nAnswer as {who} would.\n\nQuestion: {question}\nThought:",
            f"<|im_start|>user\nYou are {who}. {question}<|im_end|>\n<|im_start|>assistant\n",
            f"{who[0].upper()}{who[1:]} wrote a letter about this: \"{question}\" It began with the words",
        ][at % 3]


def asked(n, seed):
    for who, question in questions(n, seed):
        yield f"Answer as {who} would, with yes or no.\n\nQuestion: {question}\nAnswer:"


class Model:
    def __init__(self, folder):
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)

    def ids(self, text):
        return self.tokenizer(text).input_ids

    @torch.inference_mode()
    def logits(self, ids):
        return self.model(torch.tensor([ids])).logits[0]

    @torch.inference_mode()
    def greedy(self, text):
        """The new tokens, and by how much each one's logit exceeds the next best."""
        ids = torch.tensor([self.ids(text)])
        found = self.model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW_TOKENS, do_sample=False,
            return_dict_in_generate=True, output_logits=True,
        )
        gaps = [(top := step[0].topk(2).values)[0].item() - top[1].item() for step in found.logits]
        return found.sequences[0, ids.shape[1]:].tolist(), gaps

    def scores(self, text):
        """The log-probability of each candidate behind the text, from one pass over both."""
        before = self.ids(text)
        found = []
        for candidate in CANDIDATES:
            whole = self.ids(text + candidate)
            assert whole[: len(before)] == before
            log_p = self.logits(whole).log_softmax(-1)
            found.append(sum(log_p[at - 1, whole[at]].item() for at in range(len(before), len(whole))))
        return found


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("model", type=Path)
    options.add_argument("folder", type=Path)
    options.add_argument("--stored", type=Path)
    options = options.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    model = Model(options.model)

    text = " ".join(f"{question} {who} asks." for who, question in questions(600, 1))
    ids = model.ids(text)
    rows = [ids[start: start + 200] for start in range(0, 4000, 200)]
    logits = torch.stack([model.logits(row)[EVERY - 1 :: EVERY] for row in rows])
    save_file({"ids": torch.tensor(rows), "logits": logits.contiguous()}, options.folder / "logits.safetensors")

    written = [{"prompt": prompt, "tokens": tokens, "gaps": gaps}
               for prompt in prompts(50, 2) for tokens, gaps in [model.greedy(prompt)]]
    scored = [{"prompt": prompt, "log_probabilities": model.scores(prompt)} for prompt in asked(20, 3)]
    all_of = {"candidates": CANDIDATES, "every": EVERY, "written": written, "scored": scored}
    (options.folder / "answers.json").write_text(json.dumps(all_of, indent=1) + "\n")
    if options.stored:
        # Ten prompts that no rounding decides, and four candidates behind each of five prompts, in the digits that count.
        sure = [entry for entry in written if min(entry["gaps"]) > 0.01][:10]
        stored = {
            "candidates": CANDIDATES[:4],
            "written": [{"prompt": e["prompt"], "tokens": e["tokens"]} for e in sure],
            "scored": [{"prompt": e["prompt"], "log_probabilities": [round(x, 5) for x in e["log_probabilities"][:4]]}
                       for e in scored[:5]],
        }
        lines = json.dumps(stored, indent=1)
        options.stored.write_text(lines + "\n")


if __name__ == "__main__":
    main()
