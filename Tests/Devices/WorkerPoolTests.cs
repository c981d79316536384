using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Kernels.Cpu;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices;

public sealed class WorkerPoolTests
{
    /// <summary>
    /// A worker that woke up after the others had done everything must wake again for the next kernel, and for the end.
    /// </summary>
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(8)]
    public void EveryChunkRunsOnceAndThePoolEnds(int threads)
    {
        var work = Task.Run(() =>
        {
            for (int round = 0; round < 20; round++)
            {
                using var pool = new WorkerPool(threads);
                for (int run = 0; run < 200; run++)
                {
                    var kernel = new Counting(run % 7);
                    pool.Run(kernel);
                    Assert.That(kernel.Runs, Is.All.EqualTo(1));
                    // Sometimes wait long enough for the workers to fall asleep.
                    if (run % 40 == 0) Thread.Sleep(2);
                }
            }
        });
        Assert.That(work.Wait(TimeSpan.FromSeconds(60)), Is.True, "the pool hangs");
    }

    [Test]
    public void SleepingWorkersWakeForALongKernel()
    {
        using var pool = new WorkerPool(2);
        for (int round = 0; round < 10; round++)
        {
            pool.Run(new Counting(1));
            Thread.Sleep(5);
            pool.Run(new Counting(2));
            var kernel = new Meeting();
            pool.Run(kernel);
            Assert.That(kernel.HaveMet, Is.True, $"round {round}: a thread did not come");
        }
    }

    [Test]
    public void FailureReachesTheCallerAndThePoolSurvives()
    {
        using var pool = new WorkerPool(2);
        Assert.That(() => pool.Run(new Failing()), Throws.InvalidOperationException.With.InnerException.TypeOf<NotSupportedException>());
        var kernel = new Counting(5);
        pool.Run(kernel);
        Assert.That(kernel.Runs, Is.All.EqualTo(1));
    }

    private sealed class Counting(int chunks) : ICpuKernel
    {
        public int[] Runs { get; } = new int[chunks];

        public int Chunks => chunks;

        public void Run(int chunk) => Interlocked.Increment(ref Runs[chunk]);
    }

    /// <summary>Two chunks that wait for each other, so that two threads must run them.</summary>
    private sealed class Meeting : ICpuKernel
    {
        private readonly Barrier _barrier = new(2);
        private int _met;

        public bool HaveMet => _met == 2;

        public int Chunks => 2;

        public void Run(int chunk)
        {
            if (_barrier.SignalAndWait(TimeSpan.FromSeconds(10))) Interlocked.Increment(ref _met);
        }
    }

    private sealed class Failing : ICpuKernel
    {
        public int Chunks => 4;

        public void Run(int chunk) => throw new NotSupportedException("as it should");
    }
}
