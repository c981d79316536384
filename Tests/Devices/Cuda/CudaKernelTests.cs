using System.Buffers.Binary;
using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Files;
using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler.Samples;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

public sealed class CudaKernelTests : CudaFixture
{
    [Test]
    public void ViewCoversOnlyItsPart()
    {
        using CudaBuffer arena = Context.Allocate(4 * 100, "arena");
        using CudaKernel kernel = AddTo(arena, 5, length: 16, offset: 4 * 37, group: 8);
        kernel.Launch(new Size3(2));
        Assert.That(Read<int>(arena, 100), Is.EqualTo(Enumerable.Range(0, 100).Select(i => i is >= 37 and < 53 ? 5 : 0)));
    }

    /// <summary>Sizes come from the kernel's text as the fake driver reads it, so they are C's, not C#'s.</summary>
    [Test]
    public void StructsAndNumbersArriveInCLayout()
    {
        using CudaBuffer arena = Context.Allocate(1024, "arena");
        var geometry = new PoolGeometry
        {
            Margin = -2,
            In = new() { Tag = 9, Height = 8, Width = 7 },
            Stride = 1L << 40,
            Out = new() { Tag = 1, Height = 4, Width = 3 },
            Scale = 0.5f,
        };
        var sample = new WindowPool(3, arena.View<float>(100, 16), arena.View<float>(10, 512), geometry, PoolKind.Average, 12);
        using CudaKernel kernel = Context.Prepare(sample);
        kernel.Launch(new Size3(3, 2));
        Context.Finish();
        FakeLaunch launch = Fake.Launches.Single();
        byte[] bytes = launch.Arguments;
        Assert.Multiple(() =>
        {
            Assert.That((launch.Kernel, launch.Groups, launch.Group), Is.EqualTo(("WindowPool", new Size3(3, 2, 1), new Size3(32))));
            Assert.That(BinaryPrimitives.ReadInt64LittleEndian(bytes), Is.EqualTo((long)arena.Handle + 16));
            Assert.That(BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(8)), Is.EqualTo((long)arena.Handle + 512));
            ReadOnlySpan<byte> structure = bytes.AsSpan(16);
            // short, 2 bytes of padding, { char, 3, int, int }, long long, { char, 3, int, int }, float.
            Assert.That(BinaryPrimitives.ReadInt16LittleEndian(structure), Is.EqualTo(-2));
            Assert.That(structure[4], Is.EqualTo(9));
            Assert.That(BinaryPrimitives.ReadInt32LittleEndian(structure[8..]), Is.EqualTo(8));
            Assert.That(BinaryPrimitives.ReadInt32LittleEndian(structure[12..]), Is.EqualTo(7));
            Assert.That(BinaryPrimitives.ReadInt64LittleEndian(structure[16..]), Is.EqualTo(1L << 40));
            Assert.That(structure[24], Is.EqualTo(1));
            Assert.That(BinaryPrimitives.ReadInt32LittleEndian(structure[32..]), Is.EqualTo(3));
            Assert.That(BinaryPrimitives.ReadSingleLittleEndian(structure[36..]), Is.EqualTo(0.5f));
            Assert.That(structure[40], Is.EqualTo((byte)PoolKind.Average));
            Assert.That(BinaryPrimitives.ReadInt32LittleEndian(structure[41..]), Is.EqualTo(12));
            Assert.That(bytes, Has.Length.EqualTo(61));
        });
    }

    [Test]
    public void NumbersOfAllSizesArrive()
    {
        using CudaBuffer y = Context.Allocate(1024, "y");
        View<float> view = y.View<float>(40);
        var sample = new AllFunctions(
            view, new(y.Handle, 256, 6), new(y.Handle, 512, 6), view, 1.5f, -2, float.NaN, -0.1, 4_000_000_000, -3);
        using CudaKernel kernel = Context.Prepare(sample);
        kernel.Launch(new Size3(1));
        Context.Finish();
        ReadOnlySpan<byte> bytes = Fake.Launches.Single().Arguments.AsSpan(32);
        Assert.That(BinaryPrimitives.ReadSingleLittleEndian(bytes), Is.EqualTo(1.5f));
        Assert.That(BinaryPrimitives.ReadSingleLittleEndian(bytes[8..]), Is.NaN);
        Assert.That(BinaryPrimitives.ReadDoubleLittleEndian(bytes[12..]), Is.EqualTo(-0.1));
        Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]), Is.EqualTo(4_000_000_000));
        Assert.That(BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]), Is.EqualTo(-3));
    }

    [Test]
    public void EmptyViewIsANullPointer()
    {
        using CudaBuffer y = Context.Allocate(64, "y");
        using CudaKernel kernel = Context.Prepare(new ScaleShift(Curve.ReLU, 0.5f, default, y.View<float>(16), 1, 2, 0));
        kernel.Launch(new Size3(1));
        Context.Finish();
        Assert.That(BinaryPrimitives.ReadInt64LittleEndian(Fake.Launches.Single().Arguments), Is.Zero);
    }

    [Test]
    public void ArgumentsStaySetBetweenLaunches()
    {
        using CudaBuffer values = Context.Allocate(64, "values");
        using CudaKernel kernel = AddTo(values, 1, 16), other = AddTo(values, 100, 16);
        for (int i = 0; i < 3; i++) kernel.Launch(new Size3(1));
        other.Launch(new Size3(1));
        kernel.Launch(new Size3(1));
        Assert.That(Read<int>(values, 16), Is.All.EqualTo(104));
        Assert.That(Context.Modules.Builds, Is.EqualTo(1));
    }

    [Test]
    public void LaunchingAllocatesNothing()
    {
        using CudaBuffer values = Context.Allocate(64, "values");
        using CudaKernel kernel = AddTo(values, 1, 16);
        int[] read = new int[16];
        long before = 0;
        for (int i = 0; i < 20; i++)
        {
            if (i == 10) before = GC.GetAllocatedBytesForCurrentThread();
            kernel.Launch(new Size3(1));
            values.Read<int>(read);
            Context.Finish();
        }
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(read, Is.All.EqualTo(20));
    }

    [Test]
    public void ViewOfForeignMemoryIsRefused()
    {
        CudaModule module = Context.Modules.Get(Add());
        using CudaBuffer buffer = Context.Allocate(64, "values");
        using CudaContext other = NewContext();
        using CudaBuffer foreign = other.Allocate(64, "foreign");
        CudaBuffer gone = Context.Allocate(64, "gone");
        View<int> late = gone.View<int>(16);
        gone.Dispose();
        CudaKernel With(View<int> view)
        {
            var arguments = new CudaArguments();
            arguments.Add(view);
            arguments.Add(1);
            return module.CreateKernel(arguments);
        }

        Assert.Multiple(() =>
        {
            Assert.That(
                () => With(foreign.View<int>(16)),
                Throws.ArgumentException.With.Message.Contains("Argument 0 of kernel 'Add' is not memory of"));
            Assert.That(() => With(late), Throws.ArgumentException.With.Message.Contains("was disposed of"));
            Assert.That(
                () => With(new(buffer.Handle, 4, 16)),
                Throws.ArgumentException.With.Message.Contains("covers 64 bytes at 4 of buffer 'values', which has 64"));
            Assert.That(() => With(new(buffer.Handle, -4, 4)), Throws.ArgumentException.With.Message.Contains("at -4"));
            Assert.That(
                () => With(new(buffer.Handle, 2, 4)),
                Throws.ArgumentException.With.Message.Contains("starts at byte 2").And.Message.Contains("multiple of 4"));
            Assert.That(() => With(new(0, 0, 4)), Throws.ArgumentException);
        });
        Assert.That(Context.LiveObjects, Has.Count.EqualTo(1));
    }

    [Test]
    public void DisposedBufferStopsTheLaunch()
    {
        CudaBuffer values = Context.Allocate(64, "values");
        using CudaKernel kernel = AddTo(values, 1, 16);
        values.Dispose();
        Assert.That(
            () => kernel.Launch(new Size3(1)),
            Throws.TypeOf<ObjectDisposedException>().With.Message.Contains("Kernel 'Add'").And.Message.Contains("'values'"));
    }

    /// <summary>Without the check, the driver would read past the end of the arguments.</summary>
    [Test]
    public void WrongArgumentsAreRefused()
    {
        using CudaBuffer values = Context.Allocate(64, "values");
        CudaModule module = Context.Modules.Get(Add());
        var few = new CudaArguments();
        few.Add(values.View<int>(16));
        Assert.That(
            () => module.CreateKernel(few),
            Throws.InvalidOperationException.With.Message.Contains("takes arguments of [8, 4] bytes, but was given [8]"));
        few.Add(1L);
        Assert.That(() => module.CreateKernel(few), Throws.InvalidOperationException.With.Message.Contains("[8, 8]"));
    }

    [TestCase(0, 1)]
    [TestCase(1, -1)]
    public void EmptyGridIsRefused(int x, int y)
    {
        using CudaBuffer values = Context.Allocate(64, "values");
        using CudaKernel kernel = AddTo(values, 1, 16);
        Assert.That(() => kernel.Launch(new Size3(x, y)), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void TooLargeGridIsRefused()
    {
        using CudaBuffer values = Context.Allocate(64, "values");
        using CudaKernel kernel = AddTo(values, 1, 16);
        Assert.That(() => kernel.Launch(new Size3(1, 65536)), Throws.TypeOf<GpuCnnException>()
            .With.Message.Contains("needs 1x65536 groups").And.Message.Contains("at most 2147483647x65535x65535"));
    }

    [Test]
    public void TooLargeGroupIsRefused()
    {
        Fake.Set("max_threads", 128);
        Assert.That(() => Context.Modules.Get(Add(256)), Throws.TypeOf<DeviceUnavailableException>()
            .With.Message.Contains("'Add' expects groups of 256 threads")
            .And.Message.Contains("at most 128").And.Message.Contains("Fake GPU 0"));
    }

    [Test]
    public void LaunchGivesTheSharedMemoryThatTheKernelAskedFor()
    {
        using CudaBuffer arena = Context.Allocate(160000, "arena");
        var sample = new LargeShared(arena.View<float>(20000), arena.View<float>(20000, 80000), 20000, 80032);
        using CudaKernel kernel = Context.Prepare(sample);
        kernel.Launch(new Size3(1));
        Context.Finish();
        // The fake driver refuses a launch that gives more than 48 KiB, or other than the kernel asked for.
        Assert.That(Fake.Launches.Single().Kernel, Is.EqualTo("LargeShared"));
        Assert.That(kernel.Module.Resources.SharedBytes, Is.EqualTo(80032));
    }

    [Test]
    public void SharedMemoryThatTheDeviceLacksIsReported()
    {
        Fake.Set("max_shared", 65536);
        using var context = new CudaContext(Fake.Device(), new BinaryCache(Folder));
        using CudaBuffer arena = context.Allocate(160000, "arena");
        var sample = new LargeShared(arena.View<float>(20000), arena.View<float>(20000, 80000), 20000, 80032);
        Assert.That(() => context.Prepare(sample), Throws.TypeOf<DeviceUnavailableException>().With.Message.EqualTo(
            "Kernel 'LargeShared' needs 80032 bytes of shared memory for each group, but the CUDA device 'Fake GPU 0' has at most 65536. "
            + "Use another device."));
    }

    [Test]
    public void CompiledKernelReportsItsResources()
    {
        Fake.Set("local_bytes", 24);
        CudaModule module = Context.Modules.Get(Add());
        Assert.That((module.Registers, module.LocalBytes, module.SharedBytes, module.MaxThreads), Is.EqualTo((32, 24, 0, 1024)));
    }
}
