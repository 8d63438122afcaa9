import { InputError } from '@reelbert/data';

const part = /^(?!.*(--|\.\.))[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/;

/** Whether a text has the form of a repository's id, `name` or `owner/name`. */
export function isRepositoryId(text: string): boolean {
  const parts = text.split('/');
  return parts.length <= 2 && parts.every((piece) => part.test(piece)) && !text.endsWith('.git');
}

/** Whether a revision is a commit's full id, which never comes to mean something else. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** @throws InputError for a revision that can be none; it becomes a part of paths */
export function checkRevision(revision: string): void {
  const parts = revision.split('/');
  const plain = parts.every((piece) => /^[\w.+-]+$/.test(piece) && !/^\.+$/.test(piece));
  if (plain && revision.length <= 250) return;
  const expected = "a commit's id, a tag or a branch";
  throw new InputError({ field: 'revision', found: JSON.stringify(revision), expected });
}
