using GpuCnn.Engine;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler.Samples;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>The debug device reports what kernels must not do on a device.</summary>
public sealed class DebugLauncherTests
{
    private readonly DebugLauncher _launcher = new();
    private readonly DeviceBuffer<float> _x = new(new float[8]), _y = new(new float[8]);

    [OneTimeTearDown]
    public void Close()
    {
        _launcher.Dispose();
        _x.Dispose();
        _y.Dispose();
    }

    [Test]
    public void BarrierThatSomeThreadsSkipIsReported()
    {
        int line = Line("Group.Barrier(); // here");
        Assert.That(() => _launcher.Run(new DivergentBarrier(_y, 5), new(1)), Throws.TypeOf<GpuCnnException>().With.Message.EqualTo(
            $"Kernel DivergentBarrier, group (0, 0, 0), thread (5, 0, 0): the thread has ended, but thread (0, 0, 0) waits at "
            + $"Faults.cs:{line}. All threads of a group must reach the same barrier."));
        Assert.That(() => _launcher.Run(new DivergentBarrier(_y, 8), new(1)), Throws.Nothing);
    }

    [Test]
    public void IndexOutOfRangeBetweenBarriersIsReported() =>
        Assert.That(() => _launcher.Run(new PastTheEnd(_y), new(2)), Throws.TypeOf<GpuCnnException>().With.Message.EqualTo(
            $"Kernel PastTheEnd, group (1, 0, 0), thread (3, 0, 0), Faults.cs:{Line("y[i + 1] = 0; // here")}: "
            + "index 8 is outside a view of 8 elements."));

    [Test]
    public void IndexOutOfRangeWithoutBarriersIsReported() =>
        Assert.That(() => _launcher.Run(new ReadPastTheEnd(_x, _y), new(2)), Throws.TypeOf<GpuCnnException>().With.Message.EqualTo(
            $"Kernel ReadPastTheEnd, group (1, 0, 0), thread (0, 0, 0), Faults.cs:{Line("y[i] = x[i * 2]; // here")}: "
            + "index 8 is outside a view of 8 elements."));

    [TestCase(0, "y[GlobalId.X] = shared[ThreadId.X] + 1; // here", "group (0, 0, 0), thread (0, 0, 0)", 0)]
    [TestCase(1, "z[GlobalId.X] = local[1] * 2; // here", "group (1, 0, 0), thread (2, 0, 0)", 6)]
    public void UnwrittenMemoryThatReachesTheOutputIsReported(int which, string text, string place, int element)
    {
        _x.Span.Clear();
        _y.Span.Clear();
        string expected = $"Kernel Unwritten, {place}, Faults.cs:{Line(text)}: what it writes to element {element} comes from memory that "
            + $"nothing was written to.";
        Assert.That(() => _launcher.Run(new Unwritten(_x, _y, which), new(2)),
            Throws.TypeOf<GpuCnnException>().With.Message.EqualTo(expected));
    }

    [Test]
    public void CudaOnlyFunctionsRunAsCSharp()
    {
        for (int i = 0; i < 8; i++) _x.Span[i] = i - 4;
        _launcher.Run(new FastSigmoid(_x, _y, 8), new(1));
        // The lowest byte of each index's factor is 4.
        for (int i = 0; i < 8; i++) Assert.That(_y.Span[i], Is.EqualTo(1 / (1 + MathF.Exp(4 - i)) + 4 * i).Within(1e-5f));
    }

    [Test]
    public void WrittenMemoryIsNotReported()
    {
        _x.Span.Clear();
        _y.Span.Clear();
        Assert.That(() => _launcher.Run(new Unwritten(_x, _y, 2), new(2)), Throws.Nothing);
    }

    [Test]
    public void BarriersOfTwoCallsOfOneHelperDiffer()
    {
        int first = Line("Wait(); // first"), second = Line("Wait(); // second"), barrier = Line("Group.Barrier(); // both");
        Assert.That(() => _launcher.Run(new DivergentCalls(_y), new(1)), Throws.TypeOf<GpuCnnException>().With.Message.EqualTo(
            $"Kernel DivergentCalls, group (0, 0, 0), thread (2, 0, 0): the thread waits at Faults.cs:{barrier}, called from line "
            + $"{second}, but thread (0, 0, 0) waits at Faults.cs:{barrier}, called from line {first}. All threads of a group must reach "
            + $"the same barrier."));
    }

    [Test]
    public void UnalignedVectorIsReported() =>
        Assert.That(() => _launcher.Run(new UnalignedVector(_x, _y), new(1)), Throws.TypeOf<GpuCnnException>().With.Message.EqualTo(
            $"Kernel UnalignedVector, group (0, 0, 0), thread (0, 0, 0), Faults.cs:{Line("Load4(1)")}: a load or store of 4 values at "
            + $"index 1 is not aligned to 16 bytes."));

    [Test]
    public void OverlappingViewsAreReported() =>
        Assert.That(() => _launcher.Run(new ReadPastTheEnd(_x, new View<float>(_x.Address, 4, 4)), new(1)),
            Throws.TypeOf<GpuCnnException>().With.Message.EqualTo(
            "Kernel ReadPastTheEnd: a view that it writes overlaps another argument; "
            + "give it memory of its own, or mark the kernel InPlace."));

    private static int Line(string text) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Compiler", "Samples", "Faults.cs")).Index()
            .First(line => line.Item.Contains(text, StringComparison.Ordinal)).Index + 1;
}
