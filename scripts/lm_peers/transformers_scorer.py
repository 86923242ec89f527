"""transformers beside `bench_lm serve --score`: log-probabilities of given tokens behind steered prompts."""

import os.path
import sys
import time

import common
import torch
from transformers import DynamicCache
from transformers_worker import model_of


class Scorer:
    def __init__(self, given):
        self.given, self.model, self.steer = given, model_of(given), common.steering(given)
        # A tuple of arguments or the tensor alone, as the version has it.
        self.layer = self.model.model.layers[self.steer[0]]

    def forward(self, lines, ids, mask, steered=None, **cache):
        """Log-probabilities [row, candidate] behind rows that are padded on the left; `steered`: the padding of each row."""
        places = (mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]

        def hook(module, inputs, output):
            hidden = output[0] if isinstance(output, tuple) else output
            common.steer_hidden(hidden, lines, steered, self.steer)

        handle = self.layer.register_forward_hook(hook) if steered is not None else None
        try:
            out = self.model(input_ids=ids, attention_mask=mask, position_ids=places, logits_to_keep=1, **cache)
        finally:
            if handle:
                handle.remove()
        return out.logits[:, -1].float().log_softmax(-1)[:, self.given.score]

    def plain(self, lines):
        batch = self.given.batch
        for rows in (lines[at : at + batch] for at in range(0, len(lines), batch)):
            ids, mask, padding = common.left_padded(rows, self.given.device)
            yield from self.forward(rows, ids, mask, padding).tolist()

    def shared(self, lines):
        """The beginning of each setting's prompts in a pass of its own, its keys and values expanded over the questions."""
        batch = self.given.batch
        for setting in dict.fromkeys(line["setting"] for line in lines):
            rows = [line for line in lines if line["setting"] == setting]
            length = len(os.path.commonprefix([line["ids"] for line in rows]))
            begin, mask, padding = common.left_padded([{**rows[0], "ids": rows[0]["ids"][:length]}], self.given.device)
            cache = DynamicCache()
            self.forward(rows[:1], begin, mask, padding, past_key_values=cache, use_cache=True)
            for part in (rows[at : at + batch] for at in range(0, len(rows), batch)):
                own = [{**line, "ids": line["ids"][length:]} for line in part]
                ids, mask, _ = common.left_padded(own, self.given.device)
                mask = torch.cat([torch.ones(len(part), length, dtype=mask.dtype), mask], 1)
                expanded = DynamicCache()
                for layer, kept in enumerate(cache.layers):
                    both = (x.expand(len(part), -1, -1, -1) for x in (kept.keys, kept.values))
                    expanded.update(*both, layer)
                yield from self.forward(own, ids, mask, past_key_values=expanded, use_cache=True).tolist()


def main():
    given = common.options()
    torch.set_num_threads(given.threads)
    torch.set_grad_enabled(False)
    lines = common.prompts(given)
    scorer = Scorer(given)
    score = scorer.shared if given.shared else scorer.plain
    list(score(lines[:2]))
    common.say({"ready": True, "prompts": len(lines)})
    for _ in sys.stdin:
        begin = time.perf_counter()
        scores = list(score(lines))
        common.say({"total_s": time.perf_counter() - begin, "scores": scores})


if __name__ == "__main__":
    main()
