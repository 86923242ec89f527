//! What is found, as words, a table and a picture.

use std::path::Path;

use figures::{IntervalFigure, IntervalRow, intervals};
use program::{Failure, cell, counted, save_picture, save_text, say};
use questionnaires::asking::Likely;
use value_causal::bench::portrait::{
    PortraitItem, PortraitRatings, ValueSystem, value_scores, weighted_scores,
};

use crate::others::People;
use crate::profile::{LikelyProfile, Profile};

/// A model's profile, and what it stands beside.
pub struct Found<'a> {
    pub items: &'a [PortraitItem],
    pub rated: Profile,
    /// Of a local model.
    pub likely: Option<LikelyProfile>,
    pub ratings: &'a [PortraitRatings],
    pub likelihoods: Option<&'a [Option<Likely>]>,
    pub released: Vec<Profile>,
    pub people: Option<People>,
}

/// One value.
struct Line {
    value: String,
    n_items: usize,
    /// As it is and centred; none without ratings.
    mean: Option<f64>,
    rated: Option<f64>,
    /// Per token as it is, and less the mean within the query.
    likely: [Option<f64>; 2],
    /// Lowest, mean, highest.
    released: Option<[f64; 3]>,
    /// Mean and standard deviation.
    people: Option<[f64; 2]>,
}

impl Found<'_> {
    /// The values that were rated, without any rating those of which likelihoods are known; the one that is held most first.
    fn lines(&self, system: ValueSystem) -> Vec<Line> {
        let rated = self.items.iter().zip(self.ratings.iter().copied());
        let mut scores = value_scores(rated, system);
        let is_rated = self.ratings.iter().any(|of| of.mean().is_some());
        if let (false, Some(likelihoods)) = (is_rated, self.likelihoods) {
            let known = self.items.iter().zip(likelihoods);
            let known = known.filter_map(|(item, likely)| Some((item, (*likely)?.per_token())));
            scores = weighted_scores(known, system);
        }
        let line = |score: value_causal::bench::portrait::ValueScore| {
            let likely = self.likely.as_ref();
            let of = |profile: &Profile| profile.get(system, &score.value);
            Line {
                n_items: score.n_items,
                mean: is_rated.then_some(score.mean),
                rated: is_rated.then_some(score.centred),
                likely: [
                    likely.and_then(|likely| of(&likely.as_is)),
                    likely.and_then(|likely| of(&likely.within_query)),
                ],
                released: range(self.released.iter().filter_map(of)),
                people: self
                    .people
                    .as_ref()
                    .and_then(|people| people.of(&score.value)),
                value: score.value,
            }
        };
        let mut lines: Vec<Line> = scores.into_iter().map(line).collect();
        let held = |line: &Line| line.rated.or(line.likely[1]).unwrap_or(f64::NEG_INFINITY);
        lines.sort_by(|a, b| held(b).total_cmp(&held(a)));
        lines
    }

    /// Says the values of a system, and how far others order them alike.
    ///
    /// # Errors
    /// Standard output fails.
    pub fn describe(&self, system: ValueSystem) -> Result<(), Failure> {
        let lines = self.lines(system);
        if lines.is_empty() {
            return Ok(());
        }
        say(format_args!("{}, centred mean ratings:", system.name()))?;
        for line in &lines {
            let rated = line
                .rated
                .map_or("not rated".to_owned(), |x| format!("{x:+.3}"));
            let items = counted(line.n_items, "item");
            let mut text = format!("  {:<20} {rated} ({items})", line.value);
            if let Some([low, mean, high]) = line.released {
                text += &format!("; released models {low:+.3} to {high:+.3}, mean {mean:+.3}");
            }
            if let Some([mean, std]) = line.people {
                text += &format!("; people {mean:+.3}, sd {std:.3}");
            }
            if let [Some(as_is), Some(within)] = line.likely {
                text +=
                    &format!("; likelihood per token {as_is:+.3}, within the query {within:+.3}");
            }
            say(text)?;
        }
        for (name, r) in self.agreements(system) {
            say(format_args!(
                "  rank correlation of the ratings with {name}: {r:.3}"
            ))?;
        }
        Ok(())
    }

    /// Of the rated profile with each other one that has a rank correlation.
    fn agreements(&self, system: ValueSystem) -> Vec<(String, f64)> {
        let mut others = Vec::new();
        if !self.released.is_empty() {
            let name = format!("the mean of the {} released models", self.released.len());
            others.push(Profile::mean(&name, &self.released));
        }
        if let Some(people) = &self.people {
            let mut mean = Profile::new(&format!("the mean of {} people", people.n));
            for line in self.lines(system) {
                if let Some([of_people, _]) = line.people {
                    mean.set(system, line.value, of_people);
                }
            }
            others.push(mean);
        }
        if let Some(likely) = &self.likely {
            let LikelyProfile {
                as_is,
                within_query,
            } = likely.clone();
            others.extend([as_is, within_query]);
        }
        let agreement = |other: Profile| {
            let r = self.rated.agreement(&other, system)?;
            Some((other.name, r))
        };
        others.into_iter().filter_map(agreement).collect()
    }

    /// Writes `profile.csv`, `items.csv` and the picture into `out`; returns their names.
    ///
    /// # Errors
    /// A file cannot be written, a picture cannot be drawn.
    pub fn write(&self, out: &Path) -> Result<Vec<String>, Failure> {
        save_text(&out.join("profile.csv"), &self.profile_csv()?)?;
        save_text(&out.join("items.csv"), &self.items_csv()?)?;
        let mut files = vec!["profile.csv", "items.csv"];
        let figure = self.figure(ValueSystem::Schwartz);
        if !figure.rows.is_empty() {
            let picture = intervals(&figure)?;
            save_picture(&out.join("profile"), picture.svg(), &picture.png()?)?;
            files.extend(["profile.svg", "profile.png"]);
        }
        Ok(files.into_iter().map(str::to_owned).collect())
    }

    fn profile_csv(&self) -> Result<String, Failure> {
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record([
            "system",
            "value",
            "items",
            "mean",
            "centred",
            "likelihood",
            "likelihood_within_query",
            "released_lowest",
            "released_mean",
            "released_highest",
            "people_mean",
            "people_std",
        ])?;
        for system in ValueSystem::ALL {
            for line in self.lines(system) {
                let [as_is, within] = line.likely.map(text);
                let released = line
                    .released
                    .map_or([None; 3], |all| all.map(Some))
                    .map(text);
                let people = line
                    .people
                    .map_or([None; 2], |both| both.map(Some))
                    .map(text);
                let mut cells = vec![
                    system.name().to_owned(),
                    cell(&line.value).into_owned(),
                    line.n_items.to_string(),
                ];
                cells.extend([text(line.mean), text(line.rated), as_is, within]);
                cells.extend(released.into_iter().chain(people));
                out.write_record(&cells)?;
            }
        }
        written(out)
    }

    fn items_csv(&self) -> Result<String, Failure> {
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record([
            "query",
            "response",
            "mean_rating",
            "log_probability",
            "tokens",
            "per_token",
        ])?;
        for (place, item) in self.items.iter().enumerate() {
            let likely = self.likelihoods.and_then(|all| all[place]);
            out.write_record([
                item.query.id.to_string(),
                item.response.to_string(),
                text(self.ratings[place].mean()),
                text(likely.map(|likely| likely.log_probability)),
                likely.map_or(String::new(), |likely| likely.tokens.to_string()),
                text(likely.map(Likely::per_token)),
            ])?;
        }
        written(out)
    }

    /// All profiles in units of their own standard deviations over the values, for ratings, people and likelihoods have none in
    /// common.
    fn figure(&self, system: ValueSystem) -> IntervalFigure {
        let lines = self.lines(system);
        let rated = standardised(lines.iter().map(|line| line.rated));
        let likely = standardised(lines.iter().map(|line| line.likely[1]));
        let people = standardised(lines.iter().map(|line| line.people.map(|[mean, _]| mean)));
        let values: Vec<&str> = lines.iter().map(|line| line.value.as_str()).collect();
        let of_models = self
            .released
            .iter()
            .map(|model| standardised(values.iter().map(|value| model.get(system, value))));
        let of_models: Vec<Vec<Option<f64>>> = of_models.collect();
        let mut rows = Vec::new();
        for (place, line) in lines.iter().enumerate() {
            let models = range(of_models.iter().filter_map(|model| model[place]));
            let one = |x: Option<f64>| x.map(|x| [x; 3]);
            for (who, ends) in [
                ("rated", one(rated[place])),
                ("likelihood", one(likely[place])),
                ("released models", models),
                ("people", one(people[place])),
            ] {
                let Some([low, estimate, high]) = ends else {
                    continue;
                };
                let name = format!("{}: {who}", line.value);
                rows.push(IntervalRow {
                    name,
                    estimate,
                    low,
                    high,
                });
            }
        }
        IntervalFigure {
            title: format!("Values of {}", self.rated.name),
            description: "For each value where it stands among all values: by the model's ratings, by how likely it finds \
                 responses, in the released models (mean, and from the lowest to the highest), in people."
                .to_owned(),
            x_label: "standard deviations from the mean of the values".to_owned(),
            rows,
            mark: Some((0.0, "mean".to_owned())),
            range: [-2.0, 2.0],
            cut: [-4.0, 4.0],
        }
    }
}

/// Lowest, mean and highest.
fn range(numbers: impl Iterator<Item = f64>) -> Option<[f64; 3]> {
    let all: Vec<f64> = numbers.collect();
    let low = all.iter().copied().reduce(f64::min)?;
    let high = all.iter().copied().reduce(f64::max)?;
    Some([low, all.iter().sum::<f64>() / all.len() as f64, high])
}

/// Less their mean, over their standard deviation; none where all are alike.
fn standardised(numbers: impl Iterator<Item = Option<f64>>) -> Vec<Option<f64>> {
    let all: Vec<Option<f64>> = numbers.collect();
    let known: Vec<f64> = all.iter().copied().flatten().collect();
    let n = known.len() as f64;
    let mean = known.iter().sum::<f64>() / n;
    let deviation = (known.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let one = |x: Option<f64>| {
        x.filter(|_| deviation > 0.0)
            .map(|x| (x - mean) / deviation)
    };
    all.into_iter().map(one).collect()
}

fn text(number: Option<f64>) -> String {
    number.map_or(String::new(), |number| number.to_string())
}

fn written(out: csv::Writer<Vec<u8>>) -> Result<String, Failure> {
    Ok(String::from_utf8(
        out.into_inner().map_err(|error| error.to_string())?,
    )?)
}
