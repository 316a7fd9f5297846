//! A plan for files that nobody has planned yet: what is in them, and what seems right to do; or, of a source that was loaded before,
//! what was done then.

use catalogue::store;
use kernel::{Layer, LayerId, Text};
use sqlx::PgPool;

use super::file::{FieldLine, Kind, PlanFile, Words};
use super::found::{Found, FoundColumn, FoundCrs, FoundFile};
use super::{FieldPlan, Place, Sample, found, searchable, title_of};
use crate::load::Papers;
use crate::place::{self, Guess, Territory};
use crate::register::Placing;
use crate::report::rows_are;
use crate::rules::{Example, Facts, Findings, Rule, Rules, Severity, Thresholds};
use crate::run::open_and_survey;
use crate::source::table::number;
use crate::source::{DeclaredCrs, Source};
use crate::survey::{Key, Survey};
use crate::update::KeyWish;
use crate::{IngestError, Progress, Request, Settings, Told};

/// What was seen in files.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The plan that is proposed.
    pub plan: PlanFile,
    /// What to look at before loading, as in the plan's `found`, in both languages.
    pub remarks: Vec<Text>,
    /// Some of the rows.
    pub sample: Sample,
}

/// As [`look`], the plan alone.
pub async fn propose(
    owner: &PgPool,
    settings: &Settings,
    request: &Request,
    layer: Option<&LayerId>,
    progress: &dyn Progress,
) -> Result<PlanFile, IngestError> {
    look(owner, settings, request, layer, progress).await.map(|looked| looked.plan)
}

/// Looks at files and proposes how they become a layer; nothing is loaded. Without `layer` the source is recognised by its columns
/// among those that were loaded before, or else the layer is called as the file is.
pub async fn look(
    owner: &PgPool,
    settings: &Settings,
    request: &Request,
    layer: Option<&LayerId>,
    progress: &dyn Progress,
) -> Result<Looked, IngestError> {
    let mut database = owner.acquire().await.map_err(IngestError::database("has no connection to spare"))?;
    let territory = Territory::load(&mut database, settings).await?;
    let (mut opened, survey) = open_and_survey(&mut database, settings, request, KeyWish::none(request), progress).await?;
    let (limits, now) = (settings.limits, settings.clock.now());
    let looked = tokio::task::spawn_blocking(move || {
        let facts = Facts { rules: Rules::default(), thresholds: Thresholds::default(), now };
        let read = found::look(&mut opened.sources, &opened.fields, facts, &limits)?;
        Ok::<_, IngestError>((opened, read))
    });
    let (opened, (files, columns, wrong, sample)) = looked.await.map_err(|e| IngestError::Reader(e.to_string()))??;
    let places: Vec<[f64; 2]> = survey.files.iter().flat_map(|f| f.sample.iter().copied()).collect();
    let candidates = place::candidates(&places, &territory, settings);
    let own = if request.only_own { request.author } else { None };
    let kept = Papers::kept(&mut database, layer, own, &columns.iter().map(|c| c.source.as_str()).collect::<Vec<_>>()).await?;

    let mut remarks = Vec::new();
    let kept_before = kept.is_some();
    let mut plan = match kept {
        Some(kept) => {
            let there = store::get(&mut database, &kept.layer).await?;
            let plan = again(kept, &opened.sources, &opened.fields, &survey, &mut remarks);
            there.map_or(plan.clone(), |layer| as_called(plan, &layer))
        }
        None => first(request, layer, &opened.sources, &opened.fields, &survey)?,
    };
    plan.crs = request.crs.or(plan.crs);
    // a format's own columns, of which this file has no values
    for line in plan.fields.iter_mut().filter(|line| columns.iter().any(|c| c.source == line.source && c.filled == 0)) {
        line.skip |= !kept_before;
    }
    let areas = files.iter().any(|f| f.areas > 0);
    if areas && plan.rules == Rules::default() {
        plan.rules.set(Rule::Overlap, Severity::Keep);
    }
    if let Some(place) = &opened.placing.place {
        plan.place.get_or_insert_with(|| place.clone());
        told_places(&opened.placing, &survey, &mut remarks);
    }
    place_it(&mut plan, &opened.sources, &candidates, &mut remarks);
    kinds(&mut plan, &files, &mut remarks);
    what_shows(&survey, &columns, &wrong, &mut remarks);
    let made = settings.clock.now().format("%Y-%m-%d %H:%M").to_string();
    let candidates = candidates.into_iter().map(|guess| FoundCrs {
        crs: guess.crs.to_string(),
        title: guess.title,
        also: guess.also.iter().map(ToString::to_string).collect(),
        swapped: guess.swapped,
        inside_percent: (guess.share_inside * 1000.0).round() / 10.0,
        distance_m: guess.distance_m.round(),
    });
    let said = remarks.iter().map(|remark| remark.en.clone()).collect();
    plan.found = Some(Found { made, remarks: said, files, candidates: candidates.collect(), columns });
    Ok(Looked { plan, remarks, sample })
}

/// Of files that nobody loaded before.
fn first(
    request: &Request,
    layer: Option<&LayerId>,
    sources: &[Source],
    fields: &[FieldPlan],
    survey: &Survey,
) -> Result<PlanFile, IngestError> {
    let title = request.title.clone().unwrap_or_else(|| title_of(&sources.iter().map(|s| s.file.clone()).collect::<Vec<_>>()));
    let id = match layer {
        Some(layer) => layer.clone(),
        None => {
            let name = crate::names::columns([title.it.as_str()]).remove(0).to_string();
            LayerId::new(&name).or_else(|_| LayerId::new(format!("{name}_layer"))).map_err(|e| IngestError::Reader(e.to_string()))?
        }
    };
    let label = super::label(fields);
    let searched = searchable(fields, label.as_ref(), &survey.few_texts);
    Ok(PlanFile {
        title: Some(title.into()),
        source_layer: request.source_layer.clone(),
        comune: request.comune.clone(),
        outside: request.outside_ok,
        key: survey.key.name(fields),
        fields: fields.iter().map(|field| line(field, searched.contains(&&field.column))).collect(),
        ..PlanFile::new(id)
    })
}

fn line(field: &FieldPlan, searchable: bool) -> FieldLine {
    FieldLine {
        source: field.name.clone(),
        name: field.column.clone(),
        kind: field.kind,
        decimal: field.mark,
        label: Some(field.label.clone().unwrap_or_else(|| Text::same(field.name.trim())).into()),
        unit: field.unit.clone(),
        skip: false,
        searchable,
        private: field.private,
        codes: Vec::new(),
    }
}

/// What was done with the last delivery, with the columns that this one has.
fn again(kept: PlanFile, sources: &[Source], fields: &[FieldPlan], survey: &Survey, remarks: &mut Vec<Text>) -> PlanFile {
    let layer = &kept.layer;
    remarks.push(Text::new(
        format!("il piano dell'ultima consegna di `{layer}`; guardare che cosa è nuovo"),
        format!("the plan of the last delivery of `{layer}`; look at what is new"),
    ));
    let (mut lines, gone): (Vec<FieldLine>, Vec<FieldLine>) =
        kept.fields.into_iter().partition(|line| fields.iter().any(|field| field.name == line.source));
    for line in &gone {
        let (source, name) = (&line.source, &line.name);
        remarks.push(Text::new(
            format!("la colonna `{source}` non è più nel file; il campo `{name}` sparirebbe"),
            format!("the column `{source}` is no longer in the file; the field `{name}` would be gone"),
        ));
    }
    for field in fields {
        if lines.iter().any(|line| line.source == field.name) {
            continue;
        }
        remarks.push(Text::new(format!("la colonna `{}` è nuova", field.name), format!("the column `{}` is new", field.name)));
        let taken = |name: &str| lines.iter().any(|line| line.name.as_str() == name);
        let mut new = line(field, false);
        if taken(new.name.as_str()) {
            let free = (2..).map(|n| format!("{}_{n}", field.column)).find(|name| !taken(name));
            new.name = free.and_then(|name| kernel::Column::new(name).ok()).unwrap_or(new.name);
        }
        lines.push(new);
    }
    let mut key = kept.key.clone();
    if let Some(known) = kept.key.filter(|key| Key::named(key, fields, sources).is_err()) {
        key = survey.key.name(fields);
        let (now_it, now) = match &key {
            None => ("nessuna colonna distingue le righe".to_owned(), "no column tells its rows apart".to_owned()),
            Some(key) => (format!("`{key}` le distinguerebbe"), format!("`{key}` would tell its rows apart")),
        };
        remarks.push(Text::new(
            format!("le righe si distinguevano per `{known}`, che il file non ha; {now_it}"),
            format!("rows were told apart by `{known}`, which the file has not; {now}"),
        ));
    }
    PlanFile { fields: lines, key, ..kept }
}

/// With the layer's own words: what people said of it since it was loaded is not taken back by its next delivery.
fn as_called(plan: PlanFile, layer: &Layer) -> PlanFile {
    let fields = plan.fields.into_iter().map(|line| match layer.field(line.name.as_str()) {
        Some(field) => FieldLine { label: Some(field.label.clone().into()), unit: field.unit.clone(), ..line },
        None => line,
    });
    PlanFile {
        title: Some(layer.title.clone().into()),
        fields: fields.collect(),
        licence: layer.licence.clone(),
        attribution: layer.attribution.clone(),
        source_date: layer.source_date.or(plan.source_date),
        ..plan
    }
}

/// The coordinate system: as the file says, if that can be; otherwise the only one that fits, to be looked at. Of several, which lie some
/// 10 to 200 metres apart, none is taken.
fn place_it(plan: &mut PlanFile, sources: &[Source], candidates: &[Guess], remarks: &mut Vec<Text>) {
    let fits = |guess: &&Guess| guess.share_inside >= place::ENOUGH;
    let rivals: Vec<Text> = candidates.iter().filter(fits).map(|guess| guess.words(Told::Plan)).collect();
    for source in sources {
        let stated = match &source.reader.layer().crs {
            DeclaredCrs::Stated(srid) | DeclaredCrs::Recognised(srid, _) => Some(*srid),
            DeclaredCrs::None | DeclaredCrs::Unrecognised(_) => None,
            DeclaredCrs::Register(..) => continue,
        };
        let file = &source.file;
        match (plan.crs.or(stated), candidates.iter().find(fits)) {
            (Some(crs), _) if candidates.iter().filter(fits).any(|g| g.same_as(crs) && g.swapped == plan.swap_axes) => {}
            (None, Some(_)) if rivals.len() > 1 => {
                let list = |of: fn(&Text) -> &str| rivals.iter().map(of).collect::<Vec<_>>().join("; ");
                remarks.push(Text::new(
                    format!(
                        "{file} non dichiara il sistema di riferimento, e più d'uno può essere, a decine di metri l'uno dall'altro: {}. Dire                          in `crs` quale è: prima non si carica nulla",
                        list(|t| &t.it)
                    ),
                    format!(
                        "{file} states no coordinate system, and it may be one of several, tens of metres apart: {}. Say in `crs` which it                          is: nothing is loaded before",
                        list(|t| &t.en)
                    ),
                ));
            }
            (None, Some(best)) => {
                remarks.push(Text::new(
                    format!("{file} non dichiara il sistema di riferimento; {}: controllare se è vero", best.words(Told::Plan).it),
                    format!("{file} states no coordinate system; {}: look whether that is true", best.words(Told::Plan).en),
                ));
                (plan.crs, plan.swap_axes) = (Some(best.crs), best.swapped);
            }
            (None, None) => {
                remarks.push(Text::new(
                    format!("{file} non dichiara il sistema di riferimento, e nessuno lo mette dentro il confine: dirne uno in `crs`"),
                    format!("{file} states no coordinate system, and none puts it inside the boundary: say one in `crs`"),
                ));
            }
            (Some(crs), best) => {
                let outside_it = format!("{file}: come {crs} le righe cadono fuori dal confine");
                let outside = format!("{file}: as {crs} its rows lie outside the boundary");
                remarks.push(match best.map(|best| best.words(Told::Plan)) {
                    Some(best) => Text::new(format!("{outside_it}; {}", best.it), format!("{outside}; {}", best.en)),
                    None => Text::new(outside_it, outside),
                });
            }
        }
    }
}

/// How many rows the register places, and why the others are not.
fn told_places(placing: &Placing, survey: &Survey, remarks: &mut Vec<Text>) {
    let (placed, rows) = placing.rows;
    let by = placing.place.as_ref().map(Place::words).unwrap_or_default();
    let all = crate::report::rows(rows);
    remarks.push(Text::new(
        format!("non ha coordinate; per {}, come dice `[place]`, se ne posizionerebbero {placed} su {}", by.it, all.it),
        format!("it has no coordinates; by {}, as `[place]` says, {placed} of {} would be placed", by.en, all.en),
    ));
    for out in survey.tally.kept_out().iter().filter(|out| out.reason.rule() == Some(Rule::Unplaced)) {
        remarks.push(rows_are(out.rows, &out.reason.words(), &out.examples, &out.reason.cure(Told::Plan)));
    }
}

/// Which rows are loaded, where they are of several kinds.
fn kinds(plan: &mut PlanFile, files: &[FoundFile], remarks: &mut Vec<Text>) {
    let sum = |of: fn(&FoundFile) -> u64| files.iter().map(of).sum::<u64>();
    let mut kinds = [
        (sum(|f| f.areas), Kind::Area, [["area", "aree"], ["area", "areas"]]),
        (sum(|f| f.lines), Kind::Line, [["linea", "linee"], ["line", "lines"]]),
        (sum(|f| f.points), Kind::Point, [["punto", "punti"], ["point", "points"]]),
    ];
    kinds.sort_by_key(|(rows, ..)| std::cmp::Reverse(*rows));
    if kinds[1].0 > 0 && plan.geometry.is_none() {
        let there = kinds.iter().filter(|(rows, ..)| *rows > 0);
        let [told_it, told] = [0, 1].map(|i| {
            there.clone().map(|(rows, _, names)| format!("{rows} {}", names[i][usize::from(*rows != 1)])).collect::<Vec<_>>().join(", ")
        });
        remarks.push(Text::new(
            format!("ha {told_it}; un solo tipo diventa un livello, `geometry` dice quale; caricare gli altri come livelli a parte"),
            format!("it has {told}; one kind becomes a layer, `geometry` says which; load the others as layers of their own"),
        ));
        plan.geometry = Some(kinds[0].1);
    }
    let without = sum(|f| f.without);
    if without > 0 {
        let (counted, one) = (crate::report::rows(without), without == 1);
        remarks.push(Text::new(
            format!("{} non {} una geometria che si possa caricare", counted.it, if one { "ha" } else { "hanno" }),
            format!("{} {} no geometry that can be loaded", counted.en, if one { "has" } else { "have" }),
        ));
    }
}

/// What the first reading showed.
fn what_shows(survey: &Survey, columns: &[FoundColumn], wrong: &Findings, remarks: &mut Vec<Text>) {
    for (rule, rows, examples) in wrong.each() {
        let examples: Vec<String> = examples.iter().map(Example::to_string).collect();
        remarks.push(rows_are(rows, &rule.words(), &examples, &rule.cure()));
    }
    if !survey.no_keys.is_empty() {
        let names = survey.no_keys.join(", ");
        remarks.push(Text::new(
            format!("{names}: dal nome distinguerebbe le righe, ma i valori si ripetono o mancano"),
            format!("{names}: by the name it would tell rows apart, but values repeat or are missing"),
        ));
    }
    if survey.lost_values > 0 {
        let rows = crate::report::rows(survey.lost_values);
        remarks.push(Text::new(
            format!("in {} un valore non è del suo tipo e resterebbe vuoto", rows.it),
            format!("in {} a value is none of its kind and would be left empty", rows.en),
        ));
    }
    for FoundColumn { source, values, .. } in columns.iter().filter(|column| column.unclear) {
        let example = values.iter().find_map(|text| Some((text, number::either(text)?)));
        let (text, [comma, point]) = example.map_or(("1.100", [1100.0, 1.1]), |(text, both)| (text.as_str(), both));
        let decimals = point.to_string().replace('.', ",");
        remarks.push(Text::new(
            format!("`{source}` ha numeri come {text}, che può essere {comma} o {decimals}: per ora resta testo; nel piano `type = \"number\"` e `decimal = \"comma\"` ({comma}) o `\"point\"` ({decimals})"),
            format!("`{source}` has numbers like {text}, which may be {comma} or {point}: it stays text at first; in the plan `type = \"number\"` and `decimal = \"comma\"` ({comma}) or `\"point\"` ({point})"),
        ));
    }
    let empty = columns.iter().filter(|c| c.filled == 0).map(|c| c.source.as_str()).collect::<Vec<_>>().join(", ");
    if !empty.is_empty() {
        remarks.push(Text::new(
            format!("senza alcun valore, quindi per ora escluse: {empty}"),
            format!("without any value, so left out at first: {empty}"),
        ));
    }
}

impl PlanFile {
    /// What a load does that nobody planned: kept, and proposed again at the next delivery.
    pub(crate) fn of_load(
        request: &Request,
        title: &Text,
        fields: &[FieldPlan],
        key: Option<String>,
        place: Option<&Place>,
        layer: &Layer,
    ) -> Self {
        if let Some(plan) = &request.plan {
            return Self { layer: request.layer.clone(), found: None, ..plan.clone() };
        }
        let lines = fields.iter().map(|field| {
            let known = layer.field(field.column.as_str());
            let mut line = line(field, known.is_some_and(|f| f.searchable));
            line.label = known.map(|f| Words::from(f.label.clone())).or(line.label);
            line.private = known.is_some_and(|f| f.private);
            line
        });
        Self {
            title: Some(title.clone().into()),
            source_layer: request.source_layer.clone(),
            crs: request.crs,
            swap_axes: request.swap_axes,
            comune: request.comune.clone(),
            outside: request.outside_ok,
            key,
            place: place.cloned(),
            fields: lines.collect(),
            ..Self::new(request.layer.clone())
        }
    }
}
