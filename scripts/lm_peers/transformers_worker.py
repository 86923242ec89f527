"""transformers beside `bench_lm serve`: greedy generation in left-padded batches, steered by a forward hook."""

import common
import torch
import transformers

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


def model_of(given):
    dtype = common.DTYPES[given.precision]
    if not given.random:
        return transformers.AutoModelForCausalLM.from_pretrained(given.folder, dtype=dtype).to(given.device).eval()
    config = transformers.AutoConfig.from_pretrained(given.folder)
    with torch.device(given.device):
        return transformers.AutoModelForCausalLM.from_config(config, dtype=dtype).eval()


def make(given, steer):
    model = model_of(given)
    model.generation_config = transformers.GenerationConfig(do_sample=False, pad_token_id=0)

    def generate(lines, new_tokens):
        ids, mask, padding = common.left_padded(lines, given.device)

        def hook(module, inputs, output):
            common.steer_hidden(output[0] if isinstance(output, tuple) else output, lines, padding, steer)

        handle = model.model.layers[steer[0]].register_forward_hook(hook)
        try:
            settings = transformers.GenerationConfig(do_sample=False, max_new_tokens=new_tokens, pad_token_id=0)
            out = model.generate(input_ids=ids, attention_mask=mask, generation_config=settings)
        finally:
            handle.remove()
        return out[:, ids.shape[1] :]

    return generate


if __name__ == "__main__":
    common.serve(make)
