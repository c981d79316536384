using System.Buffers.Binary;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine;
using NUnit.Framework;

namespace GpuCnn.Tests.Checkpoints;

/// <summary>Damaged and malicious files give only GpuCnnException, and no memory is allocated for claimed sizes.</summary>
public sealed class SafetensorsHostileTests : CheckpointFixture
{
    [Test]
    public void EveryPrefixOfAFileIsRefused()
    {
        byte[] whole = Sample();
        for (int length = 0; length < whole.Length; length++)
        {
            string path = FileOf(whole[..length]);
            MessageOf(path, () => ReadAll(path));
        }
    }

    [Test]
    public void FlippedBitsThrowOnlyGpuCnnException()
    {
        byte[] whole = Sample();
        int headerEnd = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(whole);
        for (int bit = 0; bit < 8 * headerEnd; bit++) TryWith(bit);
        var random = new Random(20240501);
        for (int i = 0; i < 3000; i++) TryWith([.. Enumerable.Range(0, random.Next(2, 6)).Select(_ => random.Next(8 * headerEnd))]);

        void TryWith(params int[] bits)
        {
            byte[] damaged = [.. whole];
            foreach (int bit in bits) damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            string path = FileOf(damaged);
            try
            {
                ReadAll(path);
                ModelFile.Load(path);
            }
            catch (GpuCnnException e)
            {
                Assert.That(e.Message, Does.Not.Contain("\n"));
            }
        }
    }

    [TestCase(1UL)]
    [TestCase(1000UL)]
    [TestCase(100_000_000UL)]
    [TestCase(100_000_001UL)]
    [TestCase((ulong)int.MaxValue)]
    [TestCase((ulong)long.MaxValue)]
    [TestCase(1UL << 63)]
    [TestCase(ulong.MaxValue - 7)]
    [TestCase(ulong.MaxValue)]
    public void AHostileHeaderLengthAllocatesNothing(ulong length)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        string path = FileOf(bytes);
        Assert.That(AllocatedByFailure(path), Is.LessThan(64 << 10));
        Assert.That(MessageOf(path, () => ReadAll(path)), Does.Contain($"but got {length}"));
    }

    [Test]
    public void HeaderOverTheLimitIsRefusedEvenIfTheFileHoldsIt()
    {
        string path = At("sparse.safetensors");
        using (FileStream stream = File.Create(path))
        {
            stream.Write(BitConverter.GetBytes(100_000_001L));
            stream.SetLength(200_000_000);
        }
        Assert.That(AllocatedByFailure(path), Is.LessThan(64 << 10));
    }

    [TestCase("""{"a":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}""")]
    [TestCase("""{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}""")]
    [TestCase("""{"a":{"dtype":"F32","shape":[0,9223372036854775807,9223372036854775807],"data_offsets":[0,0]}}""")]
    public void AHostileShapeAllocatesNothing(string header) =>
        Assert.That(AllocatedByFailure(FileOf(Bytes(header))), Is.LessThan(64 << 10));

    [Test]
    public void AFileCutWhileOpenIsAnError()
    {
        string path = At("cut.safetensors");
        SafetensorsFile.Write(path, [Named("a", [1000], new float[1000])]);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        const FileShare any = FileShare.ReadWrite | FileShare.Delete;
        using (var stream = new FileStream(path, FileMode.Open, FileAccess.Write, any)) stream.SetLength(500);
        Assert.That(MessageOf(path, () => file.ReadTensor("a")), Does.Contain("the end of the file"));
    }

    private byte[] Sample()
    {
        string path = At("sample.safetensors");
        var metadata = new ModelMetadata("lenet5", Shape.Volume(1, 2, 2), ["zero", "öne"], [0.5f], [0.25f], ImageFit.Pad);
        ModelFile.Save(path, metadata, [Named("w", [2, 2], 1, 2, 3, 4), Named("b", [1], 5), Named("none", [0])]);
        return File.ReadAllBytes(path);
    }

    private static long AllocatedByFailure(string path)
    {
        Fail();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Fail();
        return GC.GetAllocatedBytesForCurrentThread() - before;

        void Fail()
        {
            try
            {
                ReadAll(path);
            }
            catch (GpuCnnException)
            {
                return;
            }
            Assert.Fail("Expected the file to be refused.");
        }
    }
}
