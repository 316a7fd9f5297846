//! The parcels and sheets that the Agenzia delle Entrate publishes as GML (files `…_ple.gml` and `…_map.gml`, and its WFS).
//!
//! They come out of MapServer in its own namespace, `http://mapserver.gis.umn.edu/mapserver`, with the geometry in
//! `msGeometry`; elements are known here by their local names, so that INSPIRE's schema CP 4.0 is read too. EPSG:6706 has
//! latitude first; positions are handed over with the east first. A document type is refused, and an entity that XML itself
//! does not have is left out.

mod feature;
mod guard;

use std::io::{self, Read};

use kernel::Srid;
use quick_xml::Reader as Xml;
use quick_xml::events::{BytesStart, Event};

pub use feature::{Feature, FeatureKind, Polygon};

use crate::cxf::Located;
use crate::remark::{Issue, Remarks};
use feature::{Pending, Positions};
use guard::{Guard, LONGEST};

/// Elements within each other that a file may have.
const DEEPEST: usize = 64;

/// Reads features one after the other, in memory that the largest of them alone decides.
pub struct Reader<R: Read> {
    xml: Xml<Guard<R>>,
    buffer: Vec<u8>,
    remarks: Remarks,
    /// What the elements are that are open.
    open: Vec<Node>,
    /// The text since the last element began.
    text: String,
    pending: Option<Pending>,
    /// The system that the collection states.
    system: Option<String>,
    ended: bool,
}

/// What an open element is to us.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Feature,
    /// An element of which nothing is read, with what is in it.
    Aside,
    Polygon,
    Ring,
    /// Positions, each of so many numbers.
    Positions(usize),
    /// Anything else: a text in it is the value of a field of this name.
    Other(String),
}

impl<R: Read> Reader<R> {
    /// A reader of such a file.
    pub fn new(source: R) -> io::Result<Self> {
        let mut xml = Xml::from_reader(Guard::new(source)?);
        xml.config_mut().allow_dangling_amp = true;
        Ok(Self {
            xml,
            buffer: Vec::new(),
            remarks: Remarks::default(),
            open: Vec::new(),
            text: String::new(),
            pending: None,
            system: None,
            ended: false,
        })
    }

    /// What was found so far to be otherwise than it should be.
    pub fn remarks(&self) -> &Remarks {
        &self.remarks
    }

    /// The same, at the end.
    pub fn into_remarks(self) -> Remarks {
        self.remarks
    }

    /// The next feature; `None` after the last. What is no XML ends the file, and is remarked on; an error is the system's.
    pub fn read(&mut self) -> io::Result<Option<Located<Feature>>> {
        while !self.ended {
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.clear();
            self.xml.get_mut().begin();
            let event = self.xml.read_event_into(&mut buffer);
            let found = match event {
                Ok(event) => self.event(event),
                Err(quick_xml::Error::Io(error)) if self.xml.get_mut().is_full() => {
                    drop(error);
                    self.stop(Issue::LongText { allowed: LONGEST });
                    None
                }
                Err(quick_xml::Error::Io(error)) => return Err(io::Error::new(error.kind(), error.to_string())),
                Err(error) => {
                    self.stop(Issue::Xml { cause: error.to_string().chars().take(120).collect() });
                    None
                }
            };
            // what a large geometry needed is not kept
            self.buffer = if buffer.capacity() > 1 << 20 { Vec::new() } else { buffer };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn line(&self) -> u64 {
        self.xml.get_ref().line()
    }

    fn stop(&mut self, issue: Issue) {
        self.ended = true;
        self.pending = None;
        let line = self.line();
        self.remarks.add(line, issue);
    }

    fn event(&mut self, event: Event<'_>) -> Option<Located<Feature>> {
        match event {
            Event::Start(element) => self.start(&element),
            Event::Empty(element) => {
                self.start(&element);
                return self.end();
            }
            Event::End(_) => return self.end(),
            Event::Text(text) => self.push(&text.xml10_content()),
            Event::CData(text) => self.push(&text.xml10_content()),
            Event::GeneralRef(name) => {
                let known = match name.resolve_char_ref() {
                    Ok(Some(character)) => Some(character.to_string()),
                    Ok(None) => quick_xml::escape::resolve_predefined_entity(&name.xml10_content()).map(str::to_owned),
                    Err(_) => None,
                };
                match known {
                    Some(text) => self.push(&text),
                    None => {
                        let line = self.line();
                        self.remarks.add(line, Issue::Entity);
                    }
                }
            }
            Event::DocType(_) => self.stop(Issue::DocumentType),
            Event::Eof if self.open.is_empty() => self.ended = true,
            Event::Eof => self.stop(Issue::Xml { cause: format!("it ends in the middle, with {} elements open", self.open.len()) }),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        None
    }

    /// Texts matter in features alone.
    fn push(&mut self, text: &str) {
        if self.pending.is_some() && self.open.last() != Some(&Node::Aside) && self.text.len() as u64 + text.len() as u64 <= LONGEST {
            self.text.push_str(text);
        }
    }

    fn start(&mut self, element: &BytesStart<'_>) {
        if self.open.len() >= DEEPEST {
            self.stop(Issue::Deep { allowed: DEEPEST });
            return;
        }
        self.text.clear();
        let name = element.local_name();
        let node = self.node(name.as_ref(), element);
        self.open.push(node);
    }

    fn node(&mut self, name: &str, element: &BytesStart<'_>) -> Node {
        if self.open.last() == Some(&Node::Aside) {
            return Node::Aside;
        }
        let system = attribute(element, "srsName");
        let line = self.xml.get_ref().line();
        let Some(pending) = &mut self.pending else {
            if let Some(kind) = FeatureKind::of(name) {
                self.pending = Some(Pending::new(kind, attribute(element, "id").unwrap_or_default(), line));
                return Node::Feature;
            }
            if self.system.is_none() {
                self.system = system;
            }
            return Node::Other(String::new());
        };
        if name == "boundedBy" {
            return Node::Aside;
        }
        if system.is_some() {
            pending.system = system;
        }
        match name {
            "Polygon" | "PolygonPatch" => {
                pending.begin_polygon();
                Node::Polygon
            }
            "LinearRing" => {
                pending.begin_ring();
                Node::Ring
            }
            "posList" | "pos" => {
                let told = attribute(element, "srsDimension").and_then(|n| n.parse().ok());
                let dimension = told.filter(|n| (2..=4).contains(n)).unwrap_or(pending.dimension);
                Node::Positions(dimension)
            }
            "coordinates" => Node::Positions(2),
            _ => {
                if let Some(dimension) = attribute(element, "srsDimension").and_then(|n| n.parse().ok()) {
                    pending.dimension = if (2..=4).contains(&dimension) { dimension } else { 2 };
                }
                Node::Other(name.to_owned())
            }
        }
    }

    fn end(&mut self) -> Option<Located<Feature>> {
        let node = self.open.pop()?;
        let text = std::mem::take(&mut self.text);
        if node == Node::Feature {
            let pending = self.pending.take()?;
            let line = pending.line;
            return Some(Located { line, value: pending.finish(self.system.as_deref(), &mut self.remarks) });
        }
        let pending = self.pending.as_mut()?;
        match node {
            Node::Positions(dimension) => pending.add(&Positions { text: &text, dimension }),
            Node::Ring => pending.end_ring(&mut self.remarks),
            Node::Other(name) => pending.field(&name, text.trim()),
            Node::Feature | Node::Aside | Node::Polygon => {}
        }
        None
    }
}

/// The value of an attribute, whatever its prefix.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|a| a.key.local_name().as_ref() == name)?;
    Some(found.value.trim().chars().take(200).collect())
}

/// The system that a name says, and whether it says that north comes first: a name of EPSG as URN or address follows the
/// authority's order, and `EPSG:…` the order of maps.
fn system(name: &str) -> Option<(Srid, bool)> {
    /// Systems whose authority has north first (EPSG's registry).
    const NORTH_FIRST: [i32; 12] = [3044, 3045, 3046, 4230, 4258, 4265, 4326, 6706, 6707, 6708, 6875, 6876];
    let srid = Srid::parse(name)?;
    let by_authority = name.contains("urn:") || name.contains("/def/crs/");
    Some((srid, by_authority && srid != Srid::CRS84 && NORTH_FIRST.contains(&srid.postgis())))
}

#[cfg(test)]
mod tests;
