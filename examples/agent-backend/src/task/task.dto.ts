import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsObject, IsOptional, IsString, Length, ValidateNested } from 'class-validator';
import { MAX_TOOL_CALLS } from './planner.js';

/** A tool call that the message brings along. */
export class ToolCallDto {
  @IsString()
  @Length(1, 64)
  readonly tool!: string;

  @IsObject()
  readonly params: Record<string, unknown> = {};
}

/** Body of `POST /task`. */
export class TaskDto {
  /** Absent: a new task. */
  @IsOptional()
  @IsString()
  @Length(1, 64)
  readonly taskId?: string;

  @IsString()
  @Length(1, 4_000)
  readonly message!: string;

  /** Absent: planned from the message. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_TOOL_CALLS)
  // Nested arrays would be taken for lists of tool calls.
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => ToolCallDto)
  readonly toolCalls?: ToolCallDto[];

  /** Whose task it is; absent: `local`. A real backend takes it from a verified token. */
  @IsOptional()
  @IsString()
  @Length(1, 64)
  readonly userId?: string;
}
