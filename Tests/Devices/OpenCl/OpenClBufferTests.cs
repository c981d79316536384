using GpuCnn.Engine.Devices.OpenCl;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Plans;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.OpenCl;

public sealed class OpenClBufferTests : OpenClFixture
{
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(17)]
    [TestCase(4096)]
    [TestCase(1_000_003)]
    public void BufferStartsWithZeros(int bytes)
    {
        // Leave other bytes where the new buffer may be placed.
        using (OpenClBuffer before = Filled(Enumerable.Repeat((byte)0xFF, Math.Max(1, bytes)).ToArray())) Context.Finish();
        using OpenClBuffer buffer = Context.Allocate(bytes, "zeros");
        Assert.That(buffer.Bytes, Is.EqualTo(bytes));
        Assert.That(Read<byte>(buffer, bytes), Is.All.Zero);
    }

    [Test]
    public void PartsAreCopiedByOffset()
    {
        int[] numbers = [.. Enumerable.Range(0, 100)];
        using OpenClBuffer buffer = Filled(numbers);
        using OpenClBuffer other = Context.Allocate(400, "other");
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

    [TestCase(1, 1)]
    [TestCase(3, 14)]
    [TestCase(4, 8)]
    [TestCase(16, 32)]
    [TestCase(16, 20)]
    [TestCase(0, 64)]
    public void PartIsClearedAtAnyAlignment(int offset, int bytes)
    {
        using OpenClBuffer buffer = Filled(Enumerable.Repeat((byte)1, 64).ToArray());
        buffer.Clear(offset, bytes);
        byte[] expected = [.. Enumerable.Range(0, 64).Select(i => (byte)(i >= offset && i < offset + bytes ? 0 : 1))];
        Assert.That(Read<byte>(buffer, 64), Is.EqualTo(expected));
    }

    [Test]
    public void EmptyRequestsCopyNothing()
    {
        using OpenClBuffer buffer = Context.Allocate(16, "buffer");
        using OpenClStaging staging = Context.AllocateStaging(0, "staging");
        buffer.Write<int>([], 16);
        buffer.Read<int>([], 16);
        buffer.BeginWrite(staging, 0, 0, 16);
        buffer.BeginRead(staging, 0, 0);
        buffer.CopyTo(buffer, 0);
        buffer.Clear(16, 0);
        Context.Finish();
    }

    [TestCase(-1, 4)]
    [TestCase(0, 20)]
    [TestCase(13, 4)]
    [TestCase(16, 1)]
    [TestCase(long.MaxValue, 4)]
    [TestCase(4, -4)]
    public void PartOutsideTheBufferIsRefused(long offset, long bytes)
    {
        using OpenClBuffer buffer = Context.Allocate(16, "small");
        using OpenClBuffer large = Context.Allocate(64, "large");
        using OpenClStaging staging = Context.AllocateStaging(64, "staging");
        Assert.Multiple(() =>
        {
            Assert.That(
                () => buffer.Clear(offset, bytes),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("'small' has 16 bytes"));
            Assert.That(() => buffer.CopyTo(large, bytes, offset), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => large.CopyTo(buffer, bytes, 0, offset), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => buffer.BeginWrite(staging, 0, bytes, offset), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => buffer.BeginRead(staging, 0, bytes, offset), Throws.TypeOf<ArgumentOutOfRangeException>());
            if (bytes >= 0) Assert.That(() => buffer.Write<byte>(new byte[bytes], offset), Throws.TypeOf<ArgumentOutOfRangeException>());
            if (bytes >= 0) Assert.That(() => buffer.Read<byte>(new byte[bytes], offset), Throws.TypeOf<ArgumentOutOfRangeException>());
        });
    }

    [Test]
    public void CopiesThroughStagingMemoryDoNotWaitAndKeepTheirOrder()
    {
        const int Count = 1 << 16, Rounds = 8;
        using OpenClStaging up = Context.AllocateStaging(4 * Count * Rounds, "up");
        using OpenClStaging down = Context.AllocateStaging(4 * Count * Rounds, "down");
        using OpenClBuffer buffer = Context.Allocate(4 * Count, "buffer");
        for (int round = 0; round < Rounds; round++)
        {
            up.Elements<int>(Count, 4L * Count * round).Fill(round + 1);
            buffer.BeginWrite(up, 4L * Count * round, 4 * Count);
            buffer.BeginRead(down, 4L * Count * round, 4 * Count);
        }
        using OpenClEvent done = Context.Mark();
        Context.Flush();
        done.Wait();
        Assert.That(done.IsComplete, Is.True);
        for (int round = 0; round < Rounds; round++)
            Assert.That(down.Elements<int>(Count, 4L * Count * round).IndexOfAnyExcept(round + 1), Is.EqualTo(-1), $"round {round}");
    }

    [Test]
    public void StagingMemoryMayBeDisposedOfBeforeItsCopiesRun()
    {
        using OpenClBuffer buffer = Context.Allocate(4 << 20, "buffer");
        using (OpenClStaging staging = Context.AllocateStaging(4 << 20, "staging"))
        {
            staging.Elements<int>(1 << 20).Fill(3);
            buffer.BeginWrite(staging, 0, 4 << 20);
        }
        Assert.That(Read<int>(buffer, 1 << 20).AsSpan().IndexOfAnyExcept(3), Is.EqualTo(-1));
    }

    [Test]
    public void AccessOutsideStagingMemoryIsRefused()
    {
        using OpenClStaging staging = Context.AllocateStaging(16, "batch");
        Assert.That(
            () => staging.Elements<int>(4, 4).Length,
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("'batch' has 16 bytes"));
        staging.Dispose();
        Assert.That(() => staging.Elements<int>(4).Length, Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void DisposedBufferIsRefused()
    {
        OpenClBuffer buffer = Context.Allocate(16, "gone");
        buffer.Dispose();
        buffer.Dispose();
        Assert.That(() => buffer.Write<int>([1]), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void ManyBuffersKeepTheirValues()
    {
        OpenClBuffer[] buffers = [.. Enumerable.Range(0, 1000).Select(i => Filled([i, ~i], $"buffer {i}"))];
        Assert.That(Context.AllocatedBytes, Is.EqualTo(16_000));
        Assert.That(buffers.Select(buffer => Read<int>(buffer, 2)), Is.EqualTo(Enumerable.Range(0, 1000).Select(i => new[] { i, ~i })));
        foreach (OpenClBuffer buffer in buffers) buffer.Dispose();
    }

    [Test]
    public void TooLargeAllocationReportsTheLimit()
    {
        long bytes = Device.MaxAllocationBytes + 1;
        DeviceOutOfMemoryException failure =
            Assert.Throws<DeviceOutOfMemoryException>(() => Context.Allocate(bytes, "the arena").Dispose())!;
        Assert.That(
            failure.Message,
            Does.Contain("needed for the arena").And.Contain("largest single allocation").And.Contain(Device.Name));
        Assert.That(failure.NeededBytes, Is.GreaterThanOrEqualTo(bytes));
    }

    [Test]
    public void OutOfMemoryReportsNeededAndFreeBytesAndLeaksNothing()
    {
        using var small = new OpenClContext(Device, cache: new BinaryCache(null), memoryLimit: 1 << 20);
        OpenClBuffer first = small.Allocate(600 << 10, "weights");
        DeviceOutOfMemoryException failure =
            Assert.Throws<DeviceOutOfMemoryException>(() => small.Allocate(500 << 10, "activations").Dispose())!;
        Assert.Multiple(() =>
        {
            Assert.That(failure.NeededBytes, Is.EqualTo(500 << 10));
            Assert.That(failure.FreeBytes, Is.LessThanOrEqualTo(424 << 10).And.Positive);
            Assert.That(
                failure.Message,
                Does.Contain("0.49 MiB needed for activations").And.Contain("free").And.Contain("0.59 MiB of 1 MiB"));
            Assert.That(small.AllocatedBytes, Is.EqualTo(600 << 10));
        });
        first.Dispose();
        small.Allocate(500 << 10, "activations").Dispose();
        Assert.That(small.AllocatedBytes, Is.Zero);
    }
}
