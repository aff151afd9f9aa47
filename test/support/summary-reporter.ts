// Ends a test run with one line, `N passed, N failed`, over everything that ran. A suite or file that breaks outside of its tests counts
// as a failure, and with CI=true so does a test that was skipped: there, everything has to run.

import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule, TestSuite } from 'vitest/node';

const ci = process.env['CI'] === 'true';

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    const skipped: string[] = [];
    for (const module of modules) {
      for (const part of [module, ...module.children.allSuites()] satisfies (TestModule | TestSuite)[]) {
        if (part.errors().length > 0) failed++;
      }
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed++;
        else if (state === 'failed') failed++;
        else skipped.push(`${module.relativeModuleId} > ${test.fullName}`);
      }
    }
    if (skipped.length > 0) {
      console.log(`${skipped.length} tests were skipped${ci ? ', which counts as a failure here' : ''}:`);
      for (const name of skipped) console.log(`  ${name}`);
      if (ci) failed += skipped.length;
    }
    const line = `${passed} passed, ${failed} failed`;
    const path = process.env['OTTLA_TEST_SUMMARY'];
    if (path !== undefined) writeFileSync(path, `${line}\n`);
    if (failed > 0) process.exitCode = 1;
    // Behind whatever the other reporters and vitest itself still have to say.
    process.once('exit', () => process.stdout.write(`${line}\n`));
  }
}
