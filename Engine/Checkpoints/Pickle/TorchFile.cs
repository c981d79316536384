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

    public static bool IsOne(ReadOnlySpan<byte> beginning) => beginning.StartsWith(ZipMagic) || beginning.StartsWith((byte)0x80);

    /// <summary>Finds the tensors of the file by name. Their numbers are not read yet.</summary>
    public static Dictionary<string, StateTensor> Read(NumberFile file)
    {
        var beginning = new byte[Math.Min(OldMagic.Length, file.Length)];
        file.ReadExactly(beginning, 0);
        return beginning.AsSpan().StartsWith(ZipMagic) ? ReadArchive(file)
            : beginning.AsSpan().SequenceEqual(OldMagic) ? ReadOld(file)
            : throw Damaged(file.Path, "a file that torch.save wrote", "another pickle");
    }

    public static GpuCnnException Damaged(string path, string expected, string got) =>
        new($"'{path}' is not a valid PyTorch file: expected {expected}, but got {got}. "
            + "Save it again with torch.save(model.state_dict(), FILE).");

    private static Dictionary<string, StateTensor> ReadArchive(NumberFile file)
    {
        const string pickle = "/data.pkl";
        var zip = new StoredZip(file);
        string root = zip.Entries.Keys.Where(name => name.EndsWith(pickle, StringComparison.Ordinal)).ToArray() is [var single]
            ? single[..^pickle.Length]
            : throw Damaged(file.Path, "an archive with one data.pkl", "another archive");
        StoredZip.Entry program = zip.Entries[root + pickle];
        Check(program);
        if (zip.Entries.TryGetValue($"{root}/byteorder", out StoredZip.Entry? order) && order.Length != "little".Length)
            throw Damaged(file.Path, "numbers in little-endian order", "another order");
        object? value = new PickleMachine(new(file, program.Offset, program.Offset + program.Length)).Run();
        HashSet<string> isChecked = [];
        return Tensors(value, file, Locate);

        Func<long> Locate(TorchStorage storage)
        {
            if (!zip.Entries.TryGetValue($"{root}/data/{storage.Key}", out StoredZip.Entry? entry)
                || entry.Length != Bytes(storage, file))
                throw Damaged(
                    file.Path, $"{storage.Count} values of {storage.Type} in data/{SafetensorsHeader.Quote(storage.Key).Trim('\'')}",
                    entry is null ? "no such file" : $"{entry.Length} bytes");
            return () =>
            {
                if (isChecked.Add(entry.Name)) Check(entry);
                return entry.Offset;
            };
        }

        void Check(StoredZip.Entry entry)
        {
            if (Checksum.Of(file, entry.Offset, entry.Length) != entry.Checksum)
                throw Damaged(file.Path, $"the checksum of {SafetensorsHeader.Quote(entry.Name)}", "another: it was changed or damaged");
        }
    }

    /// <summary>
    /// Reads the old format: pickles of the version, the system info, the state dict and the storages' keys; then each storage, after its
    /// count.
    /// </summary>
    private static Dictionary<string, StateTensor> ReadOld(NumberFile file)
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
        foreach (string key in keys.Cast<string>())
        {
            if (!program.Storages.TryGetValue(key, out TorchStorage? storage))
                throw Damaged(file.Path, "storages that a tensor refers to", $"another, {SafetensorsHeader.Quote(key)}");
            long bytes = Bytes(storage, file);
            if (file.Length - at < 8 + bytes || Count(at) != storage.Count)
                throw Damaged(file.Path, $"{storage.Count} values of {storage.Type} at byte {at}", "fewer, or more");
            if (!offsets.TryAdd(key, at + 8)) throw Damaged(file.Path, "each storage once", $"{SafetensorsHeader.Quote(key)} twice");
            at += 8 + bytes;
        }
        return Tensors(value, file, storage =>
        {
            if (!offsets.TryGetValue(storage.Key, out long offset))
                throw Damaged(file.Path, $"storage {SafetensorsHeader.Quote(storage.Key)}", "none");
            return () => offset;
        });

        object? Next() => new PickleMachine(input).Run();

        long Count(long offset)
        {
            Span<byte> count = stackalloc byte[8];
            file.ReadExactly(count, offset);
            return BinaryPrimitives.ReadInt64LittleEndian(count);
        }
    }

    /// <summary>Returns the bytes of a storage. Refuses a storage larger than the file, so that no product overflows.</summary>
    private static long Bytes(TorchStorage storage, NumberFile file) => storage.Count <= file.Length
        ? storage.Count * (SafetensorsEntry.BitsOfType[storage.Type] / 8)
        : throw Damaged(
            file.Path, $"storages within {file.Length} bytes", $"one of {storage.Count.ToString(CultureInfo.InvariantCulture)} values");

    /// <param name="locate">Checks a storage; its result returns the storage's file offset when the numbers are read.</param>
    private static Dictionary<string, StateTensor> Tensors(object? value, NumberFile file, Func<TorchStorage, Func<long>> locate)
    {
        Dictionary<string, StateTensor> tensors = [];
        foreach ((object? key, object? item) in FindStateDict(value, file.Path))
        {
            if (key is not string name || item is not TorchTensor tensor)
                throw Damaged(
                    file.Path, "tensors by name in the state dict",
                    key is string other ? $"something else under {SafetensorsHeader.Quote(other)}" : "a key that is not text");
            Func<long> offset = locate(tensor.Storage);
            if (!tensors.TryAdd(name, new(tensor.Size, () => Read(file, tensor, offset()))))
                throw Damaged(file.Path, "one tensor of each name", $"two named {SafetensorsHeader.Quote(name)}");
        }
        return tensors;
    }

    /// <summary>
    /// Finds the dict of tensors: the value itself, or the one dict inside it. Training scripts save it beside the epoch and the best
    /// accuracy, which may be a tensor too.
    /// </summary>
    private static PickleDict FindStateDict(object? value, string path)
    {
        if (value is not PickleDict dict) throw Damaged(path, "a state dict", "something else");
        return dict.Where(pair => pair.Value is PickleDict inner && HasTensors(inner)).ToArray() switch
        {
            [{ Value: PickleDict inner }] => inner,
            [] when HasTensors(dict) => dict,
            [] => throw Damaged(path, "tensors by name", "none"),
            var several => throw new GpuCnnException(
                $"'{path}' holds several state dicts: {Keys(several)}. Save only the one you want to load."),
        };

        static bool HasTensors(PickleDict dict) => dict.Any(pair => pair.Value is TorchTensor);

        static string Keys(KeyValuePair<object?, object?>[] pairs) =>
            string.Join(", ", pairs.Take(10).Select(pair => SafetensorsHeader.Quote(pair.Key as string ?? "?")));
    }

    private static Tensor Read(NumberFile file, TorchTensor tensor, long storageAt)
    {
        int[] dimensions = [.. tensor.Size.Select(size => checked((int)size))];
        long at = storageAt + tensor.Offset * (SafetensorsEntry.BitsOfType[tensor.Storage.Type] / 8);
        if (tensor.IsContiguous) return new(dimensions, file.ReadNumbers(at, tensor.Count, tensor.Storage.Type));
        float[] span = file.ReadNumbers(at, tensor.Span, tensor.Storage.Type);
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
        return new(dimensions, values);
    }
}
