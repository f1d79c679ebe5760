import { readlinkSync, realpathSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import type { PathPlaces } from '../../core/ports/path-places.js';

/** As many links in a row as Linux follows. */
const MAX_LINKS = 40;

/**
 * Where paths lead on this machine: the place that is named, relative to the working folder, and what it is behind symbolic
 * links. Of what is not there (yet), the nearest folder that is there is looked at. `..` behind a link is both: the folder
 * that the text says, as `node:path` has it, and the one above what the link leads to, as the system opens it.
 *
 * Looked up at once, without a turn of the event loop: between naming a resource and making it unusable nothing may come.
 */
export class RealPlaces implements PathPlaces {
  placesOf(path: string): readonly string[] {
    const named = resolve(path);
    const real = realPlace(below(resolve(), path), MAX_LINKS);
    return real === named ? [named] : [named, real];
  }
}

/** Not joined, since that would take `link/..` for nothing. */
const below = (folder: string, path: string): string => (isAbsolute(path) ? path : `${folder}/${path}`);

/** `path` is absolute, and may have `..` in it. */
function realPlace(path: string, linksLeft: number): string {
  try {
    return realpathSync.native(path);
  } catch {
    const end = path.lastIndexOf('/');
    const name = path.slice(end + 1);
    if (end <= 0) return resolve('/', name);
    const folder = realPlace(path.slice(0, end), linksLeft);
    const place = join(folder, name);
    const target = linkAt(place);
    // A link to what is not there yet: whoever writes through it makes that.
    return target === null || linksLeft === 0 ? place : realPlace(below(folder, target), linksLeft - 1);
  }
}

function linkAt(place: string): string | null {
  try {
    return readlinkSync(place);
  } catch {
    return null;
  }
}
