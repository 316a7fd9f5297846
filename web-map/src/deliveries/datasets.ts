/** Which of the files that somebody dropped belong together. */

/** A thing with a name: a file, or a stand-in for one. `path` has the folders it was dropped with. */
export interface Named { name: string }

export interface Dataset<F extends Named> {
  /** What people call it: the name without the ending. */
  name: string;
  files: F[];
  /** Endings of a Shapefile's parts that it can't do without, and that are not there. */
  missing: string[];
}

/** Parts of a Shapefile beside `.shp`; `.shp.xml` too. */
const PARTS = ['shp', 'shx', 'dbf', 'prj', 'cpg', 'qix', 'qpj', 'sbn', 'sbx', 'fbn', 'fbx', 'ain', 'aih', 'atx', 'ixs', 'mxs', 'cst', 'xml'];
const NEEDED = ['shx', 'dbf'];
/** What systems put into folders by themselves. */
const LITTER = /^(?:\..*|thumbs\.db|desktop\.ini|__macosx)$/i;

const split = (name: string): [stem: string, ending: string] => {
  const bare = name.replace(/\.shp\.xml$/i, '.xml');
  const dot = bare.lastIndexOf('.');
  return dot > 0 ? [bare.slice(0, dot), bare.slice(dot + 1).toLowerCase()] : [bare, ''];
};

/** Each Shapefile with its parts, every other file by itself; what systems leave in folders is passed over. */
export function datasetsOf<F extends Named>(files: readonly F[]): Dataset<F>[] {
  const kept = files.filter(({ name }) => !LITTER.test(name));
  const stems = new Set(kept.map(({ name }) => split(name)).filter(([, ending]) => ending === 'shp').map(([stem]) => stem.toLowerCase()));
  const sets = new Map<string, Dataset<F>>();
  for (const file of kept) {
    const [stem, ending] = split(file.name);
    const part = stems.has(stem.toLowerCase()) && PARTS.includes(ending);
    const key = part ? `shp:${stem.toLowerCase()}` : `file:${file.name}`;
    const known = sets.get(key);
    if (known) known.files.push(file);
    else sets.set(key, { name: stem, files: [file], missing: [] });
  }
  for (const [key, set] of sets) {
    if (!key.startsWith('shp:')) continue;
    const there = set.files.map(({ name }) => split(name)[1]);
    set.missing = NEEDED.filter((ending) => !there.includes(ending));
  }
  return [...sets.values()];
}
