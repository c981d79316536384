using System.Buffers.Binary;
using System.Globalization;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Checkpoints.Pickle;

/// <summary>
/// What <c>torch.save(model.state_dict(), FILE)</c> writes: a pickle that describes tensors, and their numbers. Since PyTorch 1.6 a zip archive of the two; before, one after the other.
/// </summary>
internal static class TorchFile
{
    /// <summary>How the format before PyTorch 1.6 begins: a pickle of a number of its own.</summary>
    private static ReadOnlySpan<byte> OldMagic => [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];

    private static ReadOnlySpan<byte> ZipMagic => "PK\x03\x04"u8;

    private const int OldVersion = 1001;

    public static bool IsOne(ReadOnlySpan<byte> beginning) => beginning.StartsWith(ZipMagic) || beginning.StartsWith((byte)0x80);

    /// <summary>The tensors of the file by name. Nothing of them is read yet.</summary>
    public static Dictionary<string, StateTensor> Read(NumberFile file)
    {
        var beginning = new byte[Math.Min(OldMagic.Length, file.Length)];
        file.ReadExactly(beginning, 0);
        return beginning.AsSpan().StartsWith(ZipMagic) ? ReadArchive(file)
            : beginning.AsSpan().SequenceEqual(OldMagic) ? ReadOld(file)
            : throw Damaged(file.Path, "a file that torch.save wrote", "another pickle");
    }

    public static GpuCnnException Damaged(string path, string expected, string got) =>
        new($"'{path}' is not a valid PyTorch file: expected {expected}, but got {got}. Save it again with torch.save(model.state_dict(), FILE).");

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
            if (!zip.Entries.TryGetValue($"{root}/data/{storage.Key}", out StoredZip.Entry? entry) || entry.Length != Bytes(storage, file))
                throw Damaged(file.Path, $"{storage.Count} values of {storage.Type} in data/{SafetensorsHeader.Quote(storage.Key).Trim('\'')}", entry == null ? "no such file" : $"{entry.Length} bytes");
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

    /// <summary>Pickles of a version, of the machine it was saved on, of the state dict, and of the storages' keys; then each storage, its count before it.</summary>
    private static Dictionary<string, StateTensor> ReadOld(NumberFile file)
    {
        var input = new PickleInput(file, OldMagic.Length, file.Length);
        if (Next() is not (long)OldVersion) throw Damaged(file.Path, $"version {OldVersion} of the old format", "another");
        if (Next() is not PickleDict machine || !machine.Any(pair => pair is { Key: "little_endian", Value: true }))
            throw Damaged(file.Path, "numbers in little-endian order", "another order");
        var program = new PickleMachine(input);
        object? value = program.Run();
        if (Next() is not PickleList keys || !keys.All(key => key is string)) throw Damaged(file.Path, "the keys of the storages", "something else");
        long at = input.Position;
        Dictionary<string, long> offsets = [];
        foreach (string key in keys.Cast<string>())
        {
            if (!program.Storages.TryGetValue(key, out TorchStorage? storage)) throw Damaged(file.Path, "storages that something refers to", $"another, {SafetensorsHeader.Quote(key)}");
            long bytes = Bytes(storage, file);
            if (file.Length - at < 8 + bytes || Count(at) != storage.Count) throw Damaged(file.Path, $"{storage.Count} values of {storage.Type} at byte {at}", "fewer, or more");
            if (!offsets.TryAdd(key, at + 8)) throw Damaged(file.Path, "each storage once", $"{SafetensorsHeader.Quote(key)} twice");
            at += 8 + bytes;
        }
        return Tensors(value, file, storage =>
        {
            if (!offsets.TryGetValue(storage.Key, out long offset)) throw Damaged(file.Path, $"storage {SafetensorsHeader.Quote(storage.Key)}", "none");
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

    /// <summary>Bytes of a storage; one that the file cannot hold is refused before anything is multiplied with it.</summary>
    private static long Bytes(TorchStorage storage, NumberFile file) => storage.Count <= file.Length
        ? storage.Count * (SafetensorsEntry.BitsOfType[storage.Type] / 8)
        : throw Damaged(file.Path, $"storages within {file.Length} bytes", $"one of {storage.Count.ToString(CultureInfo.InvariantCulture)} values");

    /// <param name="locate">Checks where a storage lies; what it returns says the offset when the numbers are read.</param>
    private static Dictionary<string, StateTensor> Tensors(object? value, NumberFile file, Func<TorchStorage, Func<long>> locate)
    {
        Dictionary<string, StateTensor> tensors = [];
        foreach ((object? key, object? item) in FindStateDict(value, file.Path))
        {
            if (key is not string name || item is not TorchTensor tensor)
                throw Damaged(file.Path, "tensors by name in the state dict", key is string other ? $"something else under {SafetensorsHeader.Quote(other)}" : "a key that is no name");
            Func<long> offset = locate(tensor.Storage);
            if (!tensors.TryAdd(name, new(tensor.Size, () => Read(file, tensor, offset())))) throw Damaged(file.Path, "one tensor of each name", $"two named {SafetensorsHeader.Quote(name)}");
        }
        return tensors;
    }

    /// <summary>The dict with tensors in it: what the value holds under one key, as training scripts save it beside the epoch and the best accuracy (a tensor, too), or the value itself.</summary>
    private static PickleDict FindStateDict(object? value, string path)
    {
        if (value is not PickleDict dict) throw Damaged(path, "a state dict", "something else");
        return dict.Where(pair => pair.Value is PickleDict inner && HasTensors(inner)).ToArray() switch
        {
            [{ Value: PickleDict inner }] => inner,
            [] when HasTensors(dict) => dict,
            [] => throw Damaged(path, "tensors by name", "none"),
            var several => throw new GpuCnnException(
                $"'{path}' holds several state dicts: {string.Join(", ", several.Take(10).Select(pair => SafetensorsHeader.Quote(pair.Key as string ?? "?")))}. Save the one that is meant by itself."),
        };

        static bool HasTensors(PickleDict dict) => dict.Any(pair => pair.Value is TorchTensor);
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
