import { BadRequestException, Body, Controller, Get, Headers, HttpCode, Param, Post } from '@nestjs/common';
import { isPermissionTier, PERMISSION_TIERS, type PermissionTier } from '../tools/permission-tier.js';
import { type TaskAnswer, TaskRunner } from './task-runner.js';
import { type Conversation, TaskStore } from './task-store.js';
import { TaskDto } from './task.dto.js';

@Controller('task')
export class TaskController {
  constructor(
    private readonly runner: TaskRunner,
    private readonly tasks: TaskStore,
  ) {}

  /** Begins or continues a task. The header `x-permission-tier` lowers what its tools may do. */
  @Post()
  @HttpCode(200)
  run(
    @Body() { taskId, message, toolCalls, userId }: TaskDto,
    @Headers('x-permission-tier') tier?: string,
  ): Promise<TaskAnswer> {
    return this.runner.run({ taskId, message, toolCalls, userId, tierLimit: tierOf(tier) });
  }

  @Get(':id')
  read(@Param('id') taskId: string): Promise<Conversation> {
    return this.tasks.conversation(taskId);
  }
}

function tierOf(header: string | undefined): PermissionTier | undefined {
  if (header === undefined || isPermissionTier(header)) return header;
  throw new BadRequestException(`x-permission-tier must be one of ${PERMISSION_TIERS.join(', ')}`);
}
