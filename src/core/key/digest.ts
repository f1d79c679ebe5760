import { hash } from 'node:crypto';

/** SHA-256 of the UTF-8 bytes of `text`: 64 hex digits. */
export const digest = (text: string): string => hash('sha256', text, 'hex');
