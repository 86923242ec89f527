//! Autoencoders by the names that SAELens has for them. `releases.txt` is made by `scripts/sae_layouts/releases.py`, which says
//! what its lines mean.

const RELEASES: &str = include_str!("releases.txt");

/// A release of autoencoders.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) name: &'static str,
    pub(super) repository: &'static str,
    /// How activations are normalised, where its files do not say it.
    pub(super) normalisation: Option<&'static str>,
    /// The lines under it, and what follows.
    rest: &'static str,
}

/// One autoencoder of a release.
#[derive(Debug, PartialEq)]
pub(super) struct Listed {
    /// In the repository.
    pub(super) path: String,
    /// By what activations were multiplied in training, where its files do not say it.
    pub(super) scale: Option<f64>,
}

/// The release of that name.
pub(super) fn find(name: &str) -> Option<Release> {
    let mut rest = RELEASES;
    while let Some((line, more)) = rest.split_once('\n') {
        rest = more;
        let mut entries = line.split('\t');
        if let (Some(found), Some(repository)) = (entries.next(), entries.next())
            && found == name
            && !found.is_empty()
        {
            return Some(Release {
                name: found,
                repository,
                normalisation: entries.next(),
                rest,
            });
        }
    }
    None
}

impl Release {
    /// The autoencoder that is called `id` in the release.
    pub(super) fn listed(&self, id: &str) -> Option<Listed> {
        self.lines().find_map(|line| {
            let [name, path, values, scale] = line;
            let stars = fitted(name, id)?;
            let stars = match values {
                "" => stars,
                _ => values.split(' ').find_map(|all| {
                    let all: Vec<&str> = all.split(',').collect();
                    all.starts_with(&stars).then_some(all)
                })?,
            };
            Some(Listed {
                path: filled(path, &stars),
                scale: scale.parse().ok(),
            })
        })
    }

    /// The names in the release, with `*` for what differs.
    pub(super) fn known(&self) -> Vec<&'static str> {
        self.lines().map(|[name, ..]| name).collect()
    }

    /// Names here and in the repository, values of the stars and scale, each empty where there is none.
    fn lines(&self) -> impl Iterator<Item = [&'static str; 4]> {
        let lines = self.rest.lines().map_while(|line| line.strip_prefix('\t'));
        lines.map(|line| {
            let mut entries = line.split('\t');
            [(); 4].map(|()| entries.next().unwrap_or_default())
        })
    }
}

/// What the stars of a form are in a text, each as short as can be, if the text has that form.
fn fitted<'a>(form: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let (first, rest) = form
        .split_once('*')
        .map_or((form, None), |(a, b)| (a, Some(b)));
    let text = text.strip_prefix(first)?;
    let Some(rest) = rest else {
        return text.is_empty().then(Vec::new);
    };
    if rest.is_empty() {
        return (!text.is_empty()).then(|| vec![text]);
    }
    let ends = text.char_indices().map(|(at, _)| at).skip(1);
    ends.into_iter().find_map(|end| {
        let more = fitted(rest, &text[end..])?;
        Some([vec![&text[..end]], more].concat())
    })
}

fn filled(form: &str, stars: &[&str]) -> String {
    let mut parts = form.split('*');
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = stars.iter().zip(parts);
    rest.fold(first, |text, (star, part)| text + star + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(release: &str, id: &str) -> Option<(&'static str, String, Option<f64>)> {
        let release = find(release)?;
        let found = release.listed(id)?;
        Some((release.repository, found.path, found.scale))
    }

    #[test]
    fn names_become_paths_and_scales() {
        let cases = [
            (
                "gemma-scope-2b-pt-res",
                "layer_3/width_16k/average_l0_59",
                "google/gemma-scope-2b-pt-res",
                "layer_3/width_16k/average_l0_59",
                None,
            ),
            (
                "gemma-scope-9b-it-res-canonical",
                "layer_31/width_131k/canonical",
                "google/gemma-scope-9b-it-res",
                "layer_31/width_131k/average_l0_109",
                None,
            ),
            (
                "llama_scope_lxr_8x",
                "l15r_8x",
                "fnlp/Llama3_1-8B-Base-LXR-8x",
                "Llama3_1-8B-Base-L15R-8x",
                None,
            ),
            (
                "gpt2-small-mlp-tm",
                "blocks.11.hook_mlp_out",
                "tommmcgrath/gpt2-small-mlp-out-saes",
                "sae_group_gpt2_blocks.11.hook_mlp_out_24576:v2",
                Some(0.2851548652550073),
            ),
            (
                "gemma-2b-res-jb",
                "blocks.12.hook_resid_post",
                "jbloom/Gemma-2b-Residual-Stream-SAEs",
                "gemma_2b_blocks.12.hook_resid_post_16384",
                Some(0.21381938399317255),
            ),
            (
                "pythia-70m-deduped-res-sm",
                "blocks.0.hook_resid_pre",
                "ctigges/pythia-70m-deduped__res-sm_processed",
                "e-res-sm",
                None,
            ),
        ];
        for (release, id, repository, path, scale) in cases {
            assert_eq!(
                listed(release, id),
                Some((repository, path.to_owned(), scale)),
                "{release}/{id}"
            );
        }
        assert_eq!(
            find("mistral-7b-res-wg").unwrap().normalisation,
            Some("constant_norm_rescale")
        );
        assert_eq!(
            listed(
                "gemma-scope-9b-it-res-canonical",
                "layer_31/width_132k/canonical"
            ),
            None
        );
        for release in ["", "\tblocks", "gpt2", "google/gemma-scope-2b-pt-res"] {
            assert!(find(release).is_none(), "{release:?}");
        }
    }

    /// Against SAELens's own list, as `releases.py --pairs` prints it, where TCH_LENS_SAE_NAMES names that file.
    #[test]
    fn every_name_of_saelens_is_as_saelens_has_it() {
        let Some(file) = std::env::var_os("TCH_LENS_SAE_NAMES") else {
            return println!(
                "TCH_LENS_SAE_NAMES is not set: names are compared with some of SAELens's alone"
            );
        };
        let pairs = std::fs::read_to_string(file).unwrap();
        for line in pairs.lines() {
            let entries: Vec<&str> = line.split('\t').collect();
            let expected = (entries[2], entries[3].to_owned(), entries[4].parse().ok());
            assert_eq!(listed(entries[0], entries[1]), Some(expected), "{line}");
        }
        assert!(pairs.lines().count() > 13_000);
    }
}
