import { type ArgumentMetadata, BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';

const MAX_LEVELS = 32;

/** Refuses with 400 what can be neither checked nor kept: anything that is nested too deeply, and U+0000, which ends a text in the database. */
@Injectable()
export class BodyLimitsPipe implements PipeTransform {
  transform(value: unknown, { type }: ArgumentMetadata): unknown {
    if (type === 'body' && value === undefined)
      throw new BadRequestException('there is no body: send JSON, with content-type: application/json');
    const problem = problemWith(value, MAX_LEVELS);
    if (problem) throw new BadRequestException(problem);
    return value;
  }
}

function problemWith(value: unknown, levels: number): string | null {
  if (typeof value === 'string') return value.includes('\0') ? 'texts must not hold the character U+0000' : null;
  if (typeof value !== 'object' || value === null) return null;
  if (levels === 0) return `objects and arrays must not be nested in more than ${MAX_LEVELS} levels`;
  for (const [name, item] of Object.entries(value)) {
    const problem = problemWith(name, levels) ?? problemWith(item, levels - 1);
    if (problem) return problem;
  }
  return null;
}
