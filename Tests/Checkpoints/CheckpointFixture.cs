using System.Buffers.Binary;
using System.Text;
using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Checkpoints;

/// <summary>Provides a folder per test, and files made byte by byte.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public abstract class CheckpointFixture
{
    protected string Folder { get; private set; } = "";

    [SetUp]
    public void CreateFolder() => Folder = Directory.CreateTempSubdirectory("gpucnn-tests-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(Folder, recursive: true);

    protected string At(string name) => Path.Combine(Folder, name);

    protected string FileOf(byte[] bytes)
    {
        string path = At("made.safetensors");
        File.WriteAllBytes(path, bytes);
        return path;
    }

    protected static byte[] Bytes(string header, int dataBytes = 0) => Bytes(Encoding.UTF8.GetBytes(header), dataBytes);

    protected static byte[] Bytes(byte[] header, int dataBytes = 0)
    {
        var bytes = new byte[8 + header.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, header.Length);
        header.CopyTo(bytes, 8);
        return bytes;
    }

    protected static KeyValuePair<string, Tensor> Named(string name, int[] dimensions, params float[] values) =>
        new(name, new Tensor(dimensions, values));

    /// <summary>Returns the failure's message, after a check that it is one line and names the file.</summary>
    protected static string MessageOf(string path, Action action)
    {
        string message = Assert.Catch<GpuCnnException>(action)!.Message;
        Assert.That(message, Does.Not.Contain("\n").And.Contains(path));
        return message;
    }

    /// <summary>Opens the file and reads everything in it.</summary>
    protected static void ReadAll(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        foreach (SafetensorsEntry entry in file.Entries)
        {
            if (entry.IsNumeric) file.ReadTensor(entry.Name);
            file.ReadBytes(entry.Name);
        }
    }
}
