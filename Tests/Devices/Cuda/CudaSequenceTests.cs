using System.Runtime.InteropServices;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Kernels.Language;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>Launches of another library, in its context and on its stream, with copies before and after them.</summary>
public sealed class CudaSequenceTests : CudaFixture
{
    private const int Count = 32;

    /// <summary>Images come from one of two places, and results go to one of two slots.</summary>
    [Test]
    public void RunsAreGraphsOfLaunchesAndCopies()
    {
        List<string> refusals = [];
        Assert.That(RunFour(refusals), Is.EqualTo([111, 211, 111, 211]));
        Assert.That(refusals, Is.Empty);
        Assert.That((Fake.Calls("cuGraphLaunch"), Fake.Calls("cuStreamBeginCapture_v2")), Is.EqualTo((4, 2)), "both graphs from the start");
    }

    [TestCase("cuStreamBeginCapture_v2", 900)]
    [TestCase("cuStreamEndCapture", 901)]
    [TestCase("cuGraphInstantiateWithFlags", 801)]
    public void WhatCannotBeCapturedIsLaunchedOneByOne(string call, int code)
    {
        List<string> refusals = [];
        Fake.Fail(call, code);
        Assert.That(RunFour(refusals), Is.EqualTo([111, 211, 111, 211]));
        Assert.That(refusals, Has.Count.EqualTo(1), "said once");
        Assert.That(refusals[0], Does.Contain(call).And.Not.Contain("\n"));
        Assert.That((Fake.Calls("cuGraphLaunch"), Fake.Calls(call)), Is.EqualTo((0, 1)), "tried once");
    }

    [Test]
    public void AContextOfAnotherLibraryStaysWithIt()
    {
        var other = new CudaContext(Device, Context.Handle, Context.Stream);
        Assert.That(() => other.Modules, Throws.InvalidOperationException);
        other.Allocate(16, "values");
        other.Dispose();
        Assert.That(other.AllocatedBytes, Is.Zero);
        RunAdd(Context, Add());
    }

    /// <summary>Runs value = place; value += 1; value += 10 four times, and returns the results of each.</summary>
    private int[] RunFour(List<string> refusals)
    {
        using var other = new CudaContext(Device, Context.Handle, Context.Stream);
        using CudaBuffer values = Context.Allocate(4 * Count, "values");
        using CudaBuffer places = Filled<int>([.. Enumerable.Range(0, 2 * Count).Select(i => i < Count ? 100 : 200)]);
        using var slots = new CudaResultSlots(other, 2, 4);
        using CudaKernel one = AddTo(values, 1, Count), ten = AddTo(values, 10, Count);
        var copies = new StepCopies(
            [.. new long[] { 0, 1 }.Select(i => new CudaCopy(other, new Memory(places), 4 * Count * i, new Memory(values), 0, 4 * Count))],
            [.. new[] { 0, 1 }.Select(slot => new[] { slots.PrepareRead(new Memory(values), 4 * (Count - 1), slot, 0, 4) })]);
        using var sequence = new CudaSequence(other, [new Launch(one), new Launch(ten)], copies, Record, refusals.Add);
        var results = new int[4];
        for (int i = 0; i < results.Length; i++)
        {
            sequence.Run(0, 2, i % 2, i % 2);
            slots.Mark(i % 2);
            // Results are read while the next run waits.
            if (i > 0) Read(i - 1);
        }
        Read(results.Length - 1);
        return results;

        void Read(int i)
        {
            slots.Wait(i % 2);
            results[i] = MemoryMarshal.Read<int>(slots.Bytes(i % 2));
        }
    }

    private static void Record(PreparedLaunch launch, nint stream)
    {
        if (launch is CudaCommand copy) copy.Record(stream);
        else ((Launch)launch).RunOn(stream);
    }

    private sealed class Launch(CudaKernel kernel) : PreparedLaunch
    {
        public override void Run() => kernel.Launch(new Size3(2));

        public void RunOn(nint stream) => kernel.Launch(new Size3(2), stream);

        public override void Dispose() { }
    }

    private sealed class Memory(CudaBuffer buffer) : DeviceMemory
    {
        public override long Bytes => buffer.Bytes;

        public override nint Handle => buffer.Handle;

        public override void Dispose() { }

        protected override void WriteBytes(ReadOnlySpan<byte> source, long offset) => buffer.Write(source, offset);

        protected override void ReadBytes(Span<byte> target, long offset) => buffer.Read(target, offset);
    }
}
