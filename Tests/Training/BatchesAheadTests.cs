using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>Reads each batch once and in order, whether ahead or not, and reports failures with the batch that they belong to.</summary>
public sealed class BatchesAheadTests
{
    [TestCase(true)]
    [TestCase(false)]
    public void BatchesComeInOrder(bool ahead)
    {
        using var batches = new BatchesAhead(new Reader(count: 9));
        for (int step = 0; step < 9; step++)
        {
            Assert.That(batches.Next()!.Labels[0], Is.EqualTo(step));
            if (ahead && step < 8) _ = batches.ReadAhead();
            batches.EndStep();
        }
        Assert.That(batches.Next(), Is.Null);
    }

    [Test]
    public void FailureComesWithItsBatch()
    {
        using var batches = new BatchesAhead(new Reader(count: 7, fails: true));
        for (int step = 0; step < 7; step++)
        {
            Assert.That(batches.Next()!.Labels[0], Is.EqualTo(step));
            Assert.That(() => batches.ReadAhead(), Throws.Nothing);
            batches.EndStep();
        }
        Assert.That(batches.Next, Throws.TypeOf<UnreadableDataException>().With.Message.EqualTo("broken"));
    }

    /// <summary>The device computes for 60 ms; images take 20, then 150.</summary>
    [Test]
    public void WaitingIsWhatTheComputationDoesNotHide()
    {
        var clock = new Clock();
        var reader = new Reader(count: 20) { Clock = clock, Delay = 20 };
        using var batches = new BatchesAhead(reader, time: clock);
        double hidden = 0, waited = 0;
        for (int step = 0; step < 12; step++)
        {
            if (step == 8) reader.Delay = 150;
            _ = batches.Next();
            long begun = clock.Milliseconds;
            _ = batches.ReadAhead();
            clock.Milliseconds = Math.Max(clock.Milliseconds, begun + 60);
            double seconds = batches.EndStep();
            if (step is > 3 and < 8) hidden += seconds;
            if (step >= 8) waited += seconds;
        }
        Assert.That(hidden, Is.Zero);
        Assert.That(waited, Is.EqualTo(4 * 0.09).Within(1e-9));
    }

    private sealed class Reader(int count, bool fails = false) : IBatchReader
    {
        private readonly Batch _batch = new(Shape.Vector(1), 1);
        private int _next;

        public Clock Clock { get; init; } = new();

        public int Delay { get; set; }

        public Batch? Next()
        {
            Clock.Milliseconds += Delay;
            if (_next == count) return fails ? throw new UnreadableDataException("broken", new IOException()) : null;
            _batch.Count = 1;
            _batch.Labels[0] = _next++;
            return _batch;
        }

        public void Dispose() { }
    }

    private sealed class Clock : TimeProvider
    {
        public long Milliseconds { get; set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => Milliseconds;
    }
}
