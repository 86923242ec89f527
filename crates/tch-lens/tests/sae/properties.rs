//! Random autoencoders, written and read back, compute what the formulas say.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use tch_lens::Precision;
use tch_lens::sae::{Sae, SaeOptions};
use tch_lens::tch::{Kind, Tensor};

use crate::statement::{Matrix, Plain, norm, plain};
use crate::written::{flat, layouts_for, tensor, write};

/// Closer than this to where a feature switches on or off, rounding may decide.
const MARGIN: f64 = 1e-3;
const TOLERANCE: f64 = 2e-4;

fn open(plain: &Plain, options: &SaeOptions) -> Sae {
    let folder = tempfile::tempdir().unwrap();
    let path = write(plain, layouts_for(plain)[0], folder.path());
    Sae::open(path, options).unwrap()
}

fn assert_close(found: &Tensor, expected: &Tensor) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.size(), expected.size());
    let scale = f64::try_from(expected.abs().max()).unwrap().max(1.0);
    let distance = f64::try_from((found - expected).abs().max()).unwrap();
    prop_assert!(
        distance <= TOLERANCE * scale,
        "{distance}: found {found:?}, expected {expected:?}"
    );
    Ok(())
}

/// Activations of the features for every token, unless one is too close to call.
fn acts(plain: &Plain, x: &Matrix) -> Option<Matrix> {
    x.iter()
        .map(|x| {
            let encoded = plain.encode(x);
            (encoded.margin > MARGIN).then_some(encoded.acts)
        })
        .collect()
}

fn reconstructions(plain: &Plain, acts: &Matrix, x: &Matrix) -> Matrix {
    acts.iter()
        .zip(x)
        .map(|(acts, x)| plain.decode_like(acts, x))
        .collect()
}

/// The normalisations divide by something that must not be next to nothing.
fn is_well_conditioned(x: &Matrix) -> bool {
    x.iter().all(|x| {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        norm(&x.iter().map(|x| x - mean).collect::<Vec<_>>()) > 0.1
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_layout_is_read_as_it_was_meant((plain, x) in plain()) {
        prop_assume!(is_well_conditioned(&x));
        let Some(acts) = acts(&plain, &x) else {
            return Err(TestCaseError::reject("too close to a threshold"));
        };
        let recon = tensor(&reconstructions(&plain, &acts, &x));
        let (x, acts) = (tensor(&x), tensor(&acts));
        for layout in layouts_for(&plain) {
            let folder = tempfile::tempdir().unwrap();
            let sae = Sae::open(write(&plain, layout, folder.path()), &SaeOptions::default()).unwrap();
            prop_assert_eq!((sae.d_in(), sae.d_sae()), (plain.d_in(), plain.d_sae()));
            prop_assert_eq!(sae.hook_name(), Some("blocks.3.hook_resid_post"));
            prop_assert_eq!(sae.hook_layer(), Some(3));
            assert_close(&sae.encode(&x).unwrap(), &acts)?;
            // In sparsify's layout, those that do not subtract b_dec are transcoders.
            if sae.is_transcoder() {
                assert_close(&sae.decode_like(&acts, &x).unwrap(), &recon)?;
                prop_assert!(sae.reconstruct(&x).is_err() && sae.error(&x).is_err());
            } else {
                assert_close(&sae.reconstruct(&x).unwrap(), &recon)?;
                assert_close(&sae.error(&x).unwrap(), &(&x - &recon))?;
            }
            if let Ok(decoded) = sae.decode(&acts) {
                assert_close(&decoded, &recon)?;
            }
            for feature in 0..plain.d_sae() {
                prop_assert!(sae.direction(feature).unwrap().equal(&flat(&plain.w_dec[feature])));
            }
        }
    }

    #[test]
    fn one_feature_is_its_column((plain, x) in plain()) {
        prop_assume!(is_well_conditioned(&x) && acts(&plain, &x).is_some());
        let sae = open(&plain, &SaeOptions::default());
        let x = tensor(&x);
        let all = sae.encode(&x).unwrap();
        for feature in 0..plain.d_sae() {
            assert_close(&sae.feature(&x, feature).unwrap(), &all.select(1, feature as i64))?;
        }
    }

    #[test]
    fn writing_one_feature_is_the_whole_edit((plain, x) in plain(), pick in any::<prop::sample::Index>(), new in 0.0..9.0) {
        prop_assume!(is_well_conditioned(&x) && acts(&plain, &x).is_some());
        let feature = pick.index(plain.d_sae());
        let sae = open(&plain, &SaeOptions::default());
        let x = tensor(&x);
        let acts = sae.encode(&x).unwrap();
        let edited = acts.copy();
        let _ = edited.select(1, feature as i64).fill_(new);
        let whole = sae.decode_like(&edited, &x).unwrap() + sae.error(&x).unwrap();
        let delta = sae.feature(&x, feature).unwrap() * -1.0 + new;
        assert_close(&sae.write(&x, feature, &delta).unwrap(), &whole)?;
    }

    #[test]
    fn folding_norms_changes_units_and_nothing_else((plain, x) in plain()) {
        prop_assume!(is_well_conditioned(&x) && acts(&plain, &x).is_some());
        let folder = tempfile::tempdir().unwrap();
        let path = write(&plain, layouts_for(&plain)[0], folder.path());
        let Ok(folded) = Sae::open(&path, &SaeOptions::default().fold_decoder_norms(true)) else {
            return Err(TestCaseError::reject("top-k without rescaling refuses it"));
        };
        let sae = Sae::open(&path, &SaeOptions::default()).unwrap();
        let rows: Vec<f64> = (0..plain.d_sae()).map(|f| norm(&plain.w_dec[f]) * plain.gain(f).abs()).collect();
        prop_assume!(rows.iter().all(|norm| *norm > 1e-3));
        let x = tensor(&x);
        assert_close(&folded.encode(&x).unwrap(), &(sae.encode(&x).unwrap() * flat(&rows)))?;
        assert_close(&folded.reconstruct(&x).unwrap(), &sae.reconstruct(&x).unwrap())?;
        for feature in 0..plain.d_sae() {
            let length = f64::try_from(folded.direction(feature).unwrap().norm()).unwrap();
            prop_assert!((length - 1.0).abs() < 1e-5, "{length}");
        }
    }

    #[test]
    fn a_token_is_encoded_alone_as_in_company((plain, x) in plain()) {
        prop_assume!(is_well_conditioned(&x) && acts(&plain, &x).is_some());
        let sae = open(&plain, &SaeOptions::default());
        let x = tensor(&x);
        let together = sae.encode(&x).unwrap();
        let recon = sae.reconstruct(&x).unwrap();
        for token in 0..x.size()[0] {
            let alone = x.select(0, token);
            assert_close(&sae.encode(&alone).unwrap(), &together.select(0, token))?;
            assert_close(&sae.reconstruct(&alone.view([1, 1, -1])).unwrap().view([-1]), &recon.select(0, token))?;
        }
    }

    #[test]
    fn activations_keep_their_type((plain, x) in plain()) {
        let sae = open(&plain, &SaeOptions::default());
        let x = tensor(&x).to_kind(Kind::BFloat16);
        let delta = sae.feature(&x, 0).unwrap();
        prop_assert_eq!((delta.kind(), sae.encode(&x).unwrap().kind()), (Kind::Float, Kind::Float));
        let acts = sae.encode(&x).unwrap();
        for like in [
            sae.reconstruct(&x),
            sae.error(&x),
            sae.decode_like(&acts, &x),
            sae.write(&x, 0, &delta),
        ] {
            prop_assert_eq!(like.unwrap().kind(), Kind::BFloat16);
        }
        let narrow = open(&plain, &SaeOptions::default().precision(Precision::Bf16));
        prop_assert_eq!(narrow.encode(&x).unwrap().kind(), Kind::BFloat16);
    }
}
