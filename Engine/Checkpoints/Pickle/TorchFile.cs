using System.Buffers.Binary;
using System.Globalization;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Checkpoints.Pickle;

/// <summary>
/// Reads what <c>torch.save(model.state_dict(), FILE)</c> writes: a pickle that describes the tensors, and their numbers. Since PyTorch 1.6
/// the file is a zip archive of both; before, one followed the other.
/// </summary>
internal static class TorchFile
{
    /// <summary>First bytes of the format before PyTorch 1.6: a pickle of its magic number.</summary>
    private static ReadOnlySpan<byte> OldMagic =>
        [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];

    private static ReadOnlySpan<byte> ZipMagic => "PK\x03\x04"u8;

    private const int OldVersion = 1001;

    /// <summary>Most bytes of a deflated pickle. One of a large network has 1 MB.</summary>
    private const int MostPickleBytes = 1 << 26;

    /// <summary>Reads numbers of a storage as float32, from a byte offset in it on.</summary>
    private delegate float[] StorageReader(long offset, int count);

    public static bool IsOne(ReadOnlySpan<byte> beginning) => beginning.StartsWith(ZipMagic) || beginning.StartsWith((byte)0x80);

    /// <summary>Finds the tensors of the file by name. Their numbers are not read yet.</summary>
    /// <param name="key">Which of several state dicts; null takes the usual one.</param>
    public static TorchContents Read(NumberFile file, string? key)
    {
        var beginning = new byte[Math.Min(OldMagic.Length, file.Length)];
        file.ReadExactly(beginning, 0);
        return beginning.AsSpan().StartsWith(ZipMagic) ? ReadArchive(file, key)
            : beginning.AsSpan().SequenceEqual(OldMagic) ? ReadOld(file, key)
            : throw Damaged(file.Path, "a file that torch.save wrote", "another pickle");
    }

    public static GpuCnnException Damaged(string path, string expected, string got) =>
        new($"'{path}' is not a valid PyTorch file: expected {expected}, but got {got}. "
            + "Save it again with torch.save(model.state_dict(), FILE).");

    private static TorchContents ReadArchive(NumberFile file, string? key)
    {
        const string pickle = "data.pkl";
        var zip = new ZipIndex(file);
        // The folder has the file's name when it was saved, or none if the archive was packed again from inside.
        string root = zip.Entries.Keys.Where(name => name == pickle || name.EndsWith($"/{pickle}", StringComparison.Ordinal)).ToArray()
            is [var single] ? single[..^pickle.Length] : throw Damaged(file.Path, "an archive with one data.pkl", "another archive");
        if (zip.Entries.TryGetValue($"{root}byteorder", out ZipIndex.Entry? order) && order.Length != "little".Length)
            throw Damaged(file.Path, "numbers in little-endian order", "another order");
        var content = new ZipContent(file);
        var machine = new PickleMachine(content.OpenPickle(zip.Entries[root + pickle], MostPickleBytes));
        return Contents(machine.Run(), machine, file, key, Locate);

        StorageReader Locate(TorchStorage storage)
        {
            if (!zip.Entries.TryGetValue($"{root}data/{storage.Key}", out ZipIndex.Entry? entry)
                || entry.Length != Bytes(storage, entry.Length, file))
                throw Damaged(
                    file.Path, $"{storage.Count} values of {storage.Type} in data/{SafetensorsHeader.Quote(storage.Key).Trim('\'')}",
                    entry is null ? "no such file" : $"{entry.Length} bytes");
            return (offset, count) => content.ReadNumbers(entry, offset, count, storage.Type);
        }
    }

    /// <summary>
    /// Reads the old format: pickles of the version, the system info, the state dict and the storages' keys; then each storage, after its
    /// count.
    /// </summary>
    private static TorchContents ReadOld(NumberFile file, string? key)
    {
        var input = new PickleInput(file, OldMagic.Length, file.Length);
        if (Next() is not (long)OldVersion) throw Damaged(file.Path, $"version {OldVersion} of the old format", "another");
        if (Next() is not PickleDict machine || !machine.Any(pair => pair is { Key: "little_endian", Value: true }))
            throw Damaged(file.Path, "numbers in little-endian order", "another order");
        var program = new PickleMachine(input);
        object? value = program.Run();
        if (Next() is not PickleList keys || !keys.All(key => key is string))
            throw Damaged(file.Path, "the keys of the storages", "something else");
        long at = input.Position;
        Dictionary<string, long> offsets = [];
        foreach (string name in keys.Cast<string>())
        {
            if (!program.Storages.TryGetValue(name, out TorchStorage? storage))
                throw Damaged(file.Path, "storages of known types that a tensor refers to", $"another, {SafetensorsHeader.Quote(name)}");
            long bytes = Bytes(storage, file.Length, file);
            if (file.Length - at < 8 + bytes || Count(at) != storage.Count)
                throw Damaged(file.Path, $"{storage.Count} values of {storage.Type} at byte {at}", "fewer, or more");
            if (!offsets.TryAdd(name, at + 8)) throw Damaged(file.Path, "each storage once", $"{SafetensorsHeader.Quote(name)} twice");
            at += 8 + bytes;
        }
        return Contents(value, program, file, key, storage =>
        {
            if (!offsets.TryGetValue(storage.Key, out long begin))
                throw Damaged(file.Path, $"storage {SafetensorsHeader.Quote(storage.Key)}", "none");
            return (offset, count) => file.ReadNumbers(begin + offset, count, storage.Type);
        });

        object? Next() => new PickleMachine(input).Run();

        long Count(long offset)
        {
            Span<byte> count = stackalloc byte[8];
            file.ReadExactly(count, offset);
            return BinaryPrimitives.ReadInt64LittleEndian(count);
        }
    }

    /// <summary>Returns the bytes of a storage. Refuses a storage larger than its place, so that no product overflows.</summary>
    private static long Bytes(TorchStorage storage, long most, NumberFile file) => storage.Count <= most
        ? storage.Count * (SafetensorsEntry.BitsOfType[storage.Type] / 8)
        : throw Damaged(file.Path, $"storages within {most} bytes",
            $"one of {storage.Count.ToString(CultureInfo.InvariantCulture)} values");

    /// <param name="locate">Checks a storage and returns what reads its numbers.</param>
    private static TorchContents Contents(
        object? value, PickleMachine machine, NumberFile file, string? key, Func<TorchStorage, StorageReader> locate)
    {
        StateDictChoice? choice = StateDictChoice.Of(value, key, file.Path);
        if (choice is null && machine.Strangers is [var first, ..])
            throw new GpuCnnException(
                $"'{file.Path}' asks for {SafetensorsHeader.Quote(first)}, which does not belong in a state dict; it was not run. "
                + "Save only the weights: torch.save(model.state_dict(), FILE).");
        if (choice is null) throw Damaged(file.Path, value is PickleDict ? "tensors by name" : "a state dict",
            StateDictChoice.Describe(value));
        Dictionary<string, StateTensor> tensors = [];
        Dictionary<string, string> others = [];
        foreach ((object? name, object? item) in choice.Dict)
        {
            if (item is TorchTensor tensor)
            {
                if (name is not string text) throw Damaged(file.Path, "tensors by name in the state dict", "a key that is not text");
                StorageReader reader = locate(tensor.Storage);
                if (!tensors.TryAdd(text, new(tensor.Size, () => Read(tensor, reader))))
                    throw Damaged(file.Path, "one tensor of each name", $"two named {SafetensorsHeader.Quote(text)}");
            }
            else if (name is string text)
            {
                others.TryAdd(text, StateDictChoice.Describe(item));
            }
        }
        return new(tensors, others, choice.Key, choice.OtherKeys, machine.Strangers);
    }

    private static Tensor Read(TorchTensor tensor, StorageReader storage)
    {
        int[] dimensions = [.. tensor.Size.Select(size => checked((int)size))];
        long at = tensor.Offset * (SafetensorsEntry.BitsOfType[tensor.Storage.Type] / 8);
        float[] values = tensor.IsContiguous ? storage(at, tensor.Count) : Gather(storage(at, tensor.Span), tensor, dimensions);
        if (tensor.IsNegated)
            for (int i = 0; i < values.Length; i++) values[i] = -values[i];
        return new(dimensions, values);
    }

    /// <summary>Copies a view's values in row-major order.</summary>
    private static float[] Gather(float[] span, TorchTensor tensor, int[] dimensions)
    {
        var values = new float[tensor.Count];
        var index = new long[dimensions.Length];
        long position = 0;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = span[position];
            for (int d = index.Length - 1; d >= 0; d--)
            {
                position += tensor.Stride[d];
                if (++index[d] < dimensions[d]) break;
                position -= index[d] * tensor.Stride[d];
                index[d] = 0;
            }
        }
        return values;
    }
}
