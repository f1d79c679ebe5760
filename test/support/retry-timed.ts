import { jest } from '@jest/globals';

// Whatever else the machine does delays a timed test now and then; what the code does delays it every time.
jest.retryTimes(2, { logErrorsBeforeRetry: true });
