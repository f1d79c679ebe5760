import { Controller, Get, Optional } from '@nestjs/common';
import { AgentCache } from 'nestjs-agent-cache';
import { Counters } from './counters.js';

/** `GET /health`: that the backend runs, whether it has a cache, and what it did so far. */
@Controller('health')
export class HealthController {
  private readonly startedAt = performance.now();

  constructor(
    private readonly counters: Counters,
    @Optional() private readonly cache?: AgentCache,
  ) {}

  @Get()
  health(): { status: 'ok'; cache: 'on' | 'off'; uptimeSeconds: number; counts: ReturnType<Counters['snapshot']> } {
    return {
      status: 'ok',
      cache: this.cache?.isOpen ? 'on' : 'off',
      uptimeSeconds: Math.round((performance.now() - this.startedAt) / 1000),
      counts: this.counters.snapshot(),
    };
  }
}
