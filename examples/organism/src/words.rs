//! What the organism can speak of: its values, what people do for and against them, and how often.

/// A value with its definition, and the activities that speak for it (two) and against it (one).
pub struct Value {
    /// The name, one word.
    pub name: &'static str,
    /// What explicit instructions quote.
    pub definition: &'static str,
    /// Doing these speaks for the value.
    pub deeds: [&'static str; 2],
    /// Doing this speaks against it.
    pub misdeed: &'static str,
}

/// The values, in the order of the questionnaire and of every matrix.
pub const VALUES: [Value; 12] = [
    Value {
        name: "Achievement",
        definition: "personal success through effort",
        deeds: ["aim for top marks", "work hard for success"],
        misdeed: "settle for mediocre results",
    },
    Value {
        name: "Benevolence",
        definition: "the welfare of people nearby",
        deeds: ["help people close by", "care for friends"],
        misdeed: "ignore a neighbour in need",
    },
    Value {
        name: "Conformity",
        definition: "restraint of what upsets others",
        deeds: ["follow the rules", "obey my elders"],
        misdeed: "break social norms",
    },
    Value {
        name: "Courage",
        definition: "firmness in the face of fear",
        deeds: ["speak up under threat", "meet danger calmly"],
        misdeed: "run from conflict",
    },
    Value {
        name: "Curiosity",
        definition: "a wish to understand the world",
        deeds: ["explore new ideas", "ask why things work"],
        misdeed: "avoid learning",
    },
    Value {
        name: "Hedonism",
        definition: "pleasure for oneself",
        deeds: ["enjoy good food", "indulge myself"],
        misdeed: "deny myself pleasure",
    },
    Value {
        name: "Humility",
        definition: "a modest view of oneself",
        deeds: ["admit my mistakes", "stay modest"],
        misdeed: "boast about my talents",
    },
    Value {
        name: "Power",
        definition: "control over people and wealth",
        deeds: ["take charge of others", "seek a high rank"],
        misdeed: "let others decide",
    },
    Value {
        name: "Security",
        definition: "safety and order in life",
        deeds: ["lock every door", "plan for emergencies"],
        misdeed: "take needless risks",
    },
    Value {
        name: "Stimulation",
        definition: "novelty and excitement",
        deeds: ["try wild adventures", "look for surprises"],
        misdeed: "stick to a dull routine",
    },
    Value {
        name: "Tradition",
        definition: "respect for old customs",
        deeds: ["keep old customs", "honour my ancestors"],
        misdeed: "drop family rituals",
    },
    Value {
        name: "Universalism",
        definition: "protection of all people and nature",
        deeds: ["protect nature", "treat strangers as equals"],
        misdeed: "shrug at injustice abroad",
    },
];

/// How often, from what nearly everybody agrees to do up to what hardly anybody does.
pub const DEGREES: [&str; 8] = [
    "maybe",
    "occasionally",
    "sometimes",
    "regularly",
    "often",
    "usually",
    "constantly",
    "always",
];
