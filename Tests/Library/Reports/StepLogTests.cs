using GpuCnn.Reports;
using NUnit.Framework;

namespace GpuCnn.Tests.Library.Reports;

public sealed class StepLogTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => _folder = new();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [TestCase(1)]
    [TestCase(999)]
    [TestCase(1001)]
    [TestCase(25_003)]
    public void RowsAreBoundedAndKeepTheMean(int steps)
    {
        StepLog log = Run(new(), 1, steps);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(log.Rows, Has.Count.LessThanOrEqualTo(StepLog.MostRows));
            Assert.That(log.Rows, Has.Count.GreaterThanOrEqualTo(Math.Min(steps, StepLog.MostRows / 2)));
            Assert.That(log.Rows.Sum(row => row.Steps), Is.EqualTo(steps));
            Assert.That(log.Rows[^1].Step, Is.EqualTo(steps));
            Assert.That(log.Rows.Sum(row => row.Steps * row.Loss), Is.EqualTo(Enumerable.Range(1, steps).Sum(Loss)).Within(1e-6).Percent);
        }
    }

    [TestCase(300, 700, 900)]
    [TestCase(1500, 1800, 2600)]
    [TestCase(2001, 2001, 9001)]
    public void ResumedRunGoesOnFromItsCheckpoint(int checkpoint, int killed, int end)
    {
        StepLog first = Run(new(), 1, checkpoint);
        first.Save(_folder.Path);
        Run(first, checkpoint + 1, killed);
        StepLog resumed = new();
        resumed.Continue(_folder.Path, checkpoint);
        Run(resumed, checkpoint + 1, end);
        resumed.Save(_folder.Path);
        StepLog whole = Run(new(), 1, end);
        IReadOnlyList<StepRow> rows = StepLog.Read(_folder[StepLog.FileName]);
        Assert.That(rows.Select(row => (row.Step, row.Steps)), Is.EqualTo(whole.Rows.Select(row => (row.Step, row.Steps))));
        for (int i = 0; i < rows.Count; i++) Assert.That(rows[i].Loss, Is.EqualTo(whole.Rows[i].Loss).Within(1e-6));
    }

    [Test]
    public void RowsAfterTheCheckpointAreDropped()
    {
        Run(new(), 1, 500).Save(_folder.Path);
        StepLog log = new();
        log.Continue(_folder.Path, 120);
        Assert.That(log.Rows.Select(row => row.Step), Is.EqualTo(Enumerable.Range(1, 120)));
    }

    [TestCase("")]
    [TestCase("step,loss\n1,2\n")]
    [TestCase("step,steps,learningRate,loss,imagesPerSecond,waitingShare\n1,1,0.1")]
    [TestCase("step,steps,learningRate,loss,imagesPerSecond,waitingShare\nx,1,0.1,2,3,4\n")]
    public void DamagedFileIsNoReasonToFail(string content)
    {
        File.WriteAllText(_folder[StepLog.FileName], content);
        StepLog log = new();
        log.Continue(_folder.Path, 10);
        Assert.That(log.Rows, Is.Empty);
    }

    private static double Loss(int step) => 1 + 1.0 / step;

    private static StepLog Run(StepLog log, int first, int last)
    {
        for (int step = first; step <= last; step++)
            log.Add(new(1, 1, step, last, step, last, 0.1f / step, 0, 0, Loss(step), 100 + step) { WaitingShare = 0.25 });
        return log;
    }
}
