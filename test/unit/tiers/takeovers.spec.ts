import { beforeEach, describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { Cluster } from 'ioredis';
import { Takeovers } from '../../../src/tiers/redis/guard/takeovers.js';

class FakeNode extends EventEmitter {
  status = 'wait';
  stream = {};

  connect(): void {
    this.stream = {};
    this.status = 'ready';
    this.emit('ready');
  }
}

class FakeCluster extends EventEmitter {
  readonly isCluster = true;
  masters: FakeNode[] = [];

  nodes(): FakeNode[] {
    return this.masters;
  }

  add(): FakeNode {
    const node = new FakeNode();
    this.emit('+node', node);
    return node;
  }
}

describe('takeovers in a cluster', () => {
  let cluster: FakeCluster;
  let count: number;
  let master: FakeNode;
  let replica: FakeNode;

  beforeEach(() => {
    const takeovers = new Takeovers();
    takeovers.listen(() => count++);
    cluster = new FakeCluster();
    takeovers.watch(cluster as unknown as Cluster);
    [master, replica] = [cluster.add(), cluster.add()];
    cluster.masters = [master];
    master.connect();
    count = 0;
  });

  it('are told of a replica that became a master, once', () => {
    cluster.masters = [replica];
    cluster.emit('refresh');
    expect(count).toBe(0);
    replica.connect();
    expect(count).toBe(1);
    cluster.emit('refresh');
    expect(count).toBe(1);
  });

  it('are told of one that was connected already', () => {
    replica.connect();
    expect(count).toBe(0);
    cluster.masters = [master, replica];
    cluster.emit('refresh');
    expect(count).toBe(1);
  });

  it('are told of a master that is connected to anew', () => {
    master.connect();
    expect(count).toBe(1);
  });

  it('are told of a master that was a replica in between, over the same connection', () => {
    cluster.masters = [];
    cluster.emit('refresh');
    cluster.masters = [master];
    cluster.emit('refresh');
    expect(count).toBe(1);
  });

  it('are not told of a map that names the same masters', () => {
    cluster.emit('refresh');
    expect(count).toBe(0);
  });
});
