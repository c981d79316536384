using GpuCnn.Engine;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Plans;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

public sealed class CudaBufferTests : CudaFixture
{
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(17)]
    [TestCase(4096)]
    [TestCase(1_000_003)]
    public void BufferStartsWithZeros(int bytes)
    {
        using CudaBuffer buffer = Context.Allocate(bytes, "zeros");
        Assert.That(buffer.Bytes, Is.EqualTo(bytes));
        Assert.That(Read<byte>(buffer, bytes), Is.All.Zero);
    }

    [Test]
    public void PartsAreCopiedByOffset()
    {
        int[] numbers = [.. Enumerable.Range(0, 100)];
        using CudaBuffer buffer = Filled(numbers);
        using CudaBuffer other = Context.Allocate(400, "other");
        buffer.Write<int>([-1, -2, -3], 4 * 10);
        buffer.CopyTo(other, bytes: 4 * 5, offset: 4 * 9, destinationOffset: 4 * 50);
        buffer.CopyTo(buffer, bytes: 4 * 2, offset: 0, destinationOffset: 4 * 98);
        buffer.Clear(4 * 20, 4 * 3);
        Assert.Multiple(() =>
        {
            Assert.That(Read<int>(buffer, 4, 4 * 9), Is.EqualTo([9, -1, -2, -3]));
            Assert.That(Read<int>(buffer, 5, 4 * 19), Is.EqualTo([19, 0, 0, 0, 23]));
            Assert.That(Read<int>(buffer, 3, 4 * 97), Is.EqualTo([97, 0, 1]));
            Assert.That(Read<int>(other, 7, 4 * 49), Is.EqualTo([0, 9, -1, -2, -3, 13, 0]));
        });
    }

    [Test]
    public void SmallWritesDoNotWait()
    {
        using CudaBuffer buffer = Context.Allocate(4 * 1000, "buffer");
        buffer.Write<int>([1]);
        int waits = Fake.Calls("cuStreamSynchronize");
        for (int i = 0; i < 1000; i++) buffer.Write<int>([i], 4 * i);
        Assert.That(Fake.Calls("cuStreamSynchronize"), Is.EqualTo(waits));
        Assert.That(Read<int>(buffer, 1000), Is.EqualTo(Enumerable.Range(0, 1000)));
        Assert.That(Context.LiveObjects, Has.Count.EqualTo(1));
    }

    [Test]
    public void EmptyRequestsCopyNothing()
    {
        using CudaBuffer buffer = Context.Allocate(16, "buffer");
        using CudaStaging staging = Context.AllocateStaging(0, "staging");
        buffer.Write<int>([], 16);
        buffer.Read<int>([], 16);
        buffer.BeginWrite(staging, 0, 0, 16);
        buffer.BeginRead(staging, 0, 0);
        buffer.CopyTo(buffer, 0);
        buffer.Clear(16, 0);
        Context.Finish();
        Assert.That(
            Fake.Calls("cuMemcpyHtoDAsync_v2") + Fake.Calls("cuMemcpyDtoHAsync_v2") + Fake.Calls("cuMemcpyDtoDAsync_v2"), Is.Zero);
    }

    [TestCase(-1, 4)]
    [TestCase(0, 20)]
    [TestCase(13, 4)]
    [TestCase(16, 1)]
    [TestCase(long.MaxValue, 4)]
    [TestCase(4, -4)]
    public void PartOutsideTheBufferIsRefused(long offset, long bytes)
    {
        using CudaBuffer buffer = Context.Allocate(16, "small");
        using CudaBuffer large = Context.Allocate(64, "large");
        using CudaStaging staging = Context.AllocateStaging(64, "staging");
        Assert.Multiple(() =>
        {
            Assert.That(
                () => buffer.Clear(offset, bytes),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("'small' has 16 bytes"));
            Assert.That(() => buffer.CopyTo(large, bytes, offset), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => large.CopyTo(buffer, bytes, 0, offset), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => buffer.BeginWrite(staging, 0, bytes, offset), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => buffer.BeginRead(staging, 0, bytes, offset), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => buffer.View<byte>((int)bytes, offset), Throws.TypeOf<ArgumentOutOfRangeException>());
            if (bytes >= 0) Assert.That(() => buffer.Write<byte>(new byte[bytes], offset), Throws.TypeOf<ArgumentOutOfRangeException>());
            if (bytes >= 0) Assert.That(() => buffer.Read<byte>(new byte[bytes], offset), Throws.TypeOf<ArgumentOutOfRangeException>());
        });
    }

    /// <summary>The fake runs a copy as late as possible, so that late writes to the staging memory would show.</summary>
    [Test]
    public void CopiesThroughStagingMemoryDoNotWaitAndKeepTheirOrder()
    {
        const int Count = 1 << 10, Rounds = 8;
        using CudaStaging up = Context.AllocateStaging(4 * Count * Rounds, "up");
        using CudaStaging down = Context.AllocateStaging(4 * Count * Rounds, "down");
        using CudaBuffer buffer = Context.Allocate(4 * Count, "buffer");
        int waits = Fake.Calls("cuStreamSynchronize");
        for (int round = 0; round < Rounds; round++)
        {
            up.Elements<int>(Count, 4L * Count * round).Fill(round + 1);
            buffer.BeginWrite(up, 4L * Count * round, 4 * Count);
            buffer.BeginRead(down, 4L * Count * round, 4 * Count);
        }
        using CudaEvent done = Context.Mark();
        Assert.That(Fake.Calls("cuStreamSynchronize"), Is.EqualTo(waits));
        Assert.That(done.IsComplete, Is.False);
        Assert.That(down.Elements<int>(1)[0], Is.Not.EqualTo(1));
        done.Wait();
        Assert.That(done.IsComplete, Is.True);
        for (int round = 0; round < Rounds; round++)
            Assert.That(down.Elements<int>(Count, 4L * Count * round).IndexOfAnyExcept(round + 1), Is.EqualTo(-1), $"round {round}");
    }

    [Test]
    public void SourceMayChangeAfterWrite()
    {
        using CudaBuffer buffer = Context.Allocate(16, "buffer");
        int[] values = [1, 2, 3, 4];
        buffer.Write<int>(values);
        values.AsSpan().Clear();
        Assert.That(Read<int>(buffer, 4), Is.EqualTo([1, 2, 3, 4]));
    }

    [Test]
    public void StagingMemoryMayBeDisposedOfBeforeItsCopiesRun()
    {
        using CudaBuffer buffer = Context.Allocate(4096, "buffer");
        using (CudaStaging staging = Context.AllocateStaging(4096, "staging"))
        {
            staging.Elements<int>(1024).Fill(3);
            buffer.BeginWrite(staging, 0, 4096);
        }
        Assert.That(Read<int>(buffer, 1024), Is.All.EqualTo(3));
    }

    [Test]
    public void AccessOutsideStagingMemoryIsRefused()
    {
        using CudaStaging staging = Context.AllocateStaging(16, "batch");
        Assert.That(
            () => staging.Elements<int>(4, 4).Length,
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("'batch' has 16 bytes"));
        staging.Dispose();
        Assert.That(() => staging.Elements<int>(4).Length, Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void DisposedBufferIsRefused()
    {
        CudaBuffer buffer = Context.Allocate(16, "gone");
        buffer.Dispose();
        buffer.Dispose();
        Assert.That(() => buffer.Write<int>([1]), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => buffer.View<int>(1), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void OutOfMemoryReportsNeededAndFreeBytesAndLeaksNothing()
    {
        Fake.Set("memory", 1 << 20);
        using CudaContext small = new(Fake.Device(), new BinaryCache(null));
        CudaBuffer first = small.Allocate(600 << 10, "weights");
        DeviceOutOfMemoryException failure =
            Assert.Throws<DeviceOutOfMemoryException>(() => small.Allocate(500 << 10, "activations").Dispose())!;
        Assert.Multiple(() =>
        {
            Assert.That(failure.NeededBytes, Is.EqualTo(500 << 10));
            Assert.That(failure.FreeBytes, Is.EqualTo(424 << 10));
            Assert.That(failure.Message, Does.Contain("'Fake GPU 0' is out of memory: 0.49 MiB needed for activations, 0.41 MiB free")
                .And.Contain("CUDA_ERROR_OUT_OF_MEMORY (2)").And.Contain("0.59 MiB of 1 MiB").And.Contain("smaller batch")
                .And.Not.Contain("\n"));
            Assert.That(small.AllocatedBytes, Is.EqualTo(600 << 10));
            Assert.That(small.LiveObjects, Has.Count.EqualTo(1));
        });
        first.Dispose();
        small.Allocate(500 << 10, "activations").Dispose();
        Assert.That(small.AllocatedBytes, Is.Zero);
    }

    [Test]
    public void MemoryThatCannotBeClearedIsFreed()
    {
        Fake.Fail("cuMemsetD8Async", CudaCodes.OutOfMemory);
        Assert.That(
            () => Context.Allocate(16, "values"),
            Throws.TypeOf<DeviceOutOfMemoryException>().With.Message.Contains("cuMemsetD8Async"));
        Assert.That(Context.AllocatedBytes, Is.Zero);
    }

    [Test]
    public void RefusedPinnedMemoryIsNotAnOutOfDeviceMemory()
    {
        Fake.Fail("cuMemHostAlloc", CudaCodes.OutOfMemory);
        Assert.That(
            () => Context.AllocateStaging(3 << 20, "batch"),
            Throws.TypeOf<GpuCnnException>().With.Message.Contains("3 MiB of pinned memory for batch"));
    }
}
