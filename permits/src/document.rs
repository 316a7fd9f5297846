//! An application for programs.

use chrono::NaiveDate;
use kernel::PublicUrl;
use operations::links::encode;
use serde_json::{Value, json};

use crate::clock::{Stretch, Why};
use crate::record::{Cited, Party, Record, Step};
use crate::rules::Rule;

/// The record. What is private is null to who does not see it; `parties` is there for those who said what they read them for.
pub(crate) fn of(record: &Record, today: NaiveDate, url: &PublicUrl) -> Value {
    let permit = &record.permit;
    let mut document = json!({
        "id": permit.id, "comune": permit.comune, "protocol": permit.protocol, "kind": permit.kind, "state": permit.state,
        "filed_on": permit.filed_on, "subject": permit.subject, "address": permit.address, "house_number": permit.house_number,
        "complex": permit.complex, "due_on": permit.due_on, "paused_since": permit.paused_since, "silence": permit.silence,
        "constraint_kind": permit.constraint_kind, "constraint_source": permit.constraint_source,
        "constraint_cleared_on": permit.constraint_cleared_on, "decided_on": permit.decided_on, "started_on": permit.started_on,
        "ended_on": permit.ended_on, "rule": record.rule.document(),
        "count": {
            "total": record.count.total, "counted": record.count.counted_on(today), "due": record.count.due,
            "stretches": record.count.stretches.iter().map(|s| stretch(s, &record.rule)).collect::<Vec<_>>(),
        },
        "parcels": record.cited.iter().map(|c| parcel(c, url)).collect::<Vec<_>>(),
        "steps": record.steps.iter().map(|s| step(s, record.rights.serves)).collect::<Vec<_>>(),
        "geometry": permit.geometry, "editable": record.rights.edits,
        "href": url.link(&format!("/permits/{}", encode(&permit.id))),
        "identify": url.link(&format!("/identify?feature=permits/{}", encode(&permit.id))),
    });
    if let Some(parties) = &record.parties {
        document["parties"] = parties.iter().map(party).collect();
    }
    if record.rights.serves {
        document["attachments"] = url.link(&format!("/attachments/permits/{}", encode(&permit.id))).into();
    }
    document
}

fn stretch(stretch: &Stretch, rule: &Rule) -> Value {
    let phase = match stretch.why {
        Why::Counted(phase) => rule.phases.get(phase),
        _ => None,
    };
    let (why, article) = match stretch.why {
        Why::Counted(_) => ("counted", phase.map(|p| &*p.article)),
        Why::Paused => ("paused", Some(&*rule.article)),
        Why::Moved => ("moved", None),
    };
    json!({
        "from": stretch.from, "to": stretch.to, "why": why, "article": article,
        "phase": phase.map(|p| json!({ "it": p.it, "en": p.en })),
        "days": stretch.counted.map(|(first, last)| last + 1 - first),
        "first": stretch.counted.map(|(first, _)| first), "last": stretch.counted.map(|(_, last)| last),
    })
}

fn parcel(cited: &Cited, url: &PublicUrl) -> Value {
    let href = cited.exists.filter(|exists| *exists).map(|_| url.link(&format!("/collections/parcels/items/{}", encode(&cited.parcel))));
    json!({
        "id": cited.parcel, "sheet": cited.sheet, "number": cited.number, "exists": cited.exists,
        "valid_from": cited.valid_from, "valid_to": cited.valid_to, "href": href,
        "successors": cited.successors.as_deref().unwrap_or_default(),
    })
}

fn step(step: &Step, serves: bool) -> Value {
    let mut document = json!({ "state": step.state, "day": step.on_day, "protocol": step.protocol, "protocol_on": step.protocol_on });
    if serves {
        document["note"] = json!(step.note);
        document["recorded_by"] = json!(step.recorded_by);
    }
    document
}

fn party(party: &Party) -> Value {
    json!({ "role": party.role, "name": party.name, "code": party.code, "email": party.email })
}
