import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where a hub is, and where its files are kept. */
export interface HubSettings {
  /** Without a slash at the end. */
  readonly url: string;
  /** Folder of downloaded repositories, laid out as Python's huggingface_hub does. */
  readonly cache: string;
  /** Use nothing but the cache. */
  readonly offline: boolean;
  /** For repositories that aren't open to everyone. */
  readonly token: string | undefined;
}

/**
 * What the environment says, by the names that Hugging Face's own tools have: `HF_HUB_CACHE` (else `HF_HOME/hub`, else
 * `~/.cache/huggingface/hub`), `HF_HUB_OFFLINE`, `HF_ENDPOINT`, `HF_TOKEN`.
 */
export function hubSettings(environment: Readonly<Record<string, string | undefined>>): HubSettings {
  const set = (name: string) => environment[name] || undefined;
  const caches = set('XDG_CACHE_HOME') ?? join(homedir(), '.cache');
  const home = set('HF_HOME') ?? join(caches, 'huggingface');
  return {
    url: (set('HF_ENDPOINT') ?? 'https://huggingface.co').replace(/\/+$/, ''),
    cache: set('HF_HUB_CACHE') ?? set('HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub'),
    offline: /^(1|on|yes|true)$/i.test(set('HF_HUB_OFFLINE') ?? ''),
    token: set('HF_TOKEN'),
  };
}
