using System.Buffers.Binary;
using System.Text;

namespace GpuCnn.Engine.Checkpoints.Pickle;

/// <summary>
/// Python's pickle machine, protocol 2, restricted to the operations that state dicts and checkpoints need. It builds tensors, dicts, lists
/// and plain values and calls no Python code; every other object becomes a <see cref="PickleOpaque"/>, whatever the pickle would do with
/// it. It does not recurse, and every value it makes takes at least one byte of the file.
/// </summary>
/// <param name="input">Bytes of the pickle.</param>
/// <param name="names">Allowed names; null allows PyTorch's.</param>
internal sealed class PickleMachine(PickleInput input, IPickleNames? names = null)
{
    /// <summary>Bounds the running time. A tensor takes about 45 operations.</summary>
    private const int MostOperations = 1_000_000;

    private const int Protocol = 2;

    private const int MostStrangers = 10;

    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private readonly Dictionary<string, TorchStorage> _storages = [];
    private readonly List<string> _strangers = [];

    /// <summary>All storages that the pickle refers to, by key.</summary>
    public IReadOnlyDictionary<string, TorchStorage> Storages => _storages;

    /// <summary>First names that the pickle refers to and that neither tensors nor plain values have; ten at most.</summary>
    public IReadOnlyList<string> Strangers => _strangers;

    /// <summary>Runs to the end of one pickle and returns its value.</summary>
    /// <exception cref="GpuCnnException">The pickle is damaged, or refers to something that does not belong in a state dict.</exception>
    public object? Run()
    {
        for (int count = 0; count < MostOperations; count++)
        {
            byte operation = input.Byte();
            if (operation == '.') return Pop();
            Execute(operation);
        }
        throw input.Damaged($"a pickle of at most {MostOperations} operations", "more");
    }

    private void Execute(byte operation)
    {
        switch (operation)
        {
            case 0x80:
                if (input.Byte() is var protocol and not Protocol)
                    throw new GpuCnnException(
                        $"'{input.Path}' is a pickle of protocol {protocol}; expected {Protocol}. "
                        + "Save it again with torch.save and no pickle_protocol.");
                break;
            case (byte)'N': Push(null); break;
            case 0x88: Push(true); break;
            case 0x89: Push(false); break;
            case (byte)'K': Push((long)input.Byte()); break;
            case (byte)'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(input.Bytes(2))); break;
            case (byte)'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(input.Bytes(4))); break;
            case 0x8a: Push(LongInteger(input.Bytes(input.Byte()))); break;
            case 0x8b: Push(SkipInteger(BinaryPrimitives.ReadInt32LittleEndian(input.Bytes(4)))); break;
            case (byte)'G': Push(BinaryPrimitives.ReadDoubleBigEndian(input.Bytes(8))); break;
            case (byte)'X': Push(TextOrOpaque(Length())); break;
            // The strings of Python 2.
            case (byte)'T':
                Push(names is null ? TextOrOpaque(Length()) : Python2String(BinaryPrimitives.ReadInt32LittleEndian(input.Bytes(4))));
                break;
            case (byte)'U': Push(names is null ? Text(input.Byte()) : Python2String(input.Byte())); break;
            case (byte)'}': Push(new PickleDict()); break;
            case (byte)']': Push(new PickleList()); break;
            case (byte)')': Push(new PickleTuple([])); break;
            case (byte)'(': _marks.Push(_stack.Count); break;
            case (byte)'t': Push(new PickleTuple(PopToMark())); break;
            case 0x85 or 0x86 or 0x87: Push(new PickleTuple(PopMany(operation - 0x84))); break;
            case (byte)'q': _memo[input.Byte()] = Top(); break;
            case (byte)'r': _memo[BinaryPrimitives.ReadUInt32LittleEndian(input.Bytes(4))] = Top(); break;
            case (byte)'h': Push(Remembered(input.Byte())); break;
            case (byte)'j': Push(Remembered(BinaryPrimitives.ReadUInt32LittleEndian(input.Bytes(4)))); break;
            case (byte)'a': Append([Pop()]); break;
            case (byte)'e': Append(PopToMark()); break;
            case (byte)'s': SetItems(PopMany(2)); break;
            case (byte)'u': SetItems(PopToMark()); break;
            case (byte)'c': Push(names is null ? Meet(Name(), Name()) : names.Find(Name(), Name(), input)); break;
            case (byte)'0' when names is null: Pop(); break;
            case (byte)'Q' when names is null: Push(Remember(TorchNames.Load(Pop(), input))); break;
            case 0x81 when names is null:
            case (byte)'R':
                object? arguments = Pop();
                Push(names is null ? TorchNames.Call(Pop(), arguments, input) : names.Call(Pop(), arguments, input));
                break;
            case (byte)'b':
                // state_dict() attaches the versions of modules to its OrderedDict.
                object? state = Pop();
                if (names is not null) names.Build(Top(), state, input);
                else if (Top() is not (PickleDict or PickleOpaque))
                    throw input.Damaged("no state but that of an OrderedDict or another object", "another's");
                break;
            default:
                throw input.Damaged(
                    $"operations of pickle protocol 2 that {(names is null ? "a state dict needs" : "arrays need")}",
                    $"0x{operation:x2} at byte {input.Position - 1}");
        }
    }

    private void Push(object? value) => _stack.Add(value);

    private object? Top() => _stack.Count > Floor ? _stack[^1] : throw Underflow();

    private object? Pop()
    {
        object? value = Top();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private object?[] PopMany(int count)
    {
        if (_stack.Count - count < Floor) throw Underflow();
        object?[] items = [.. _stack.GetRange(_stack.Count - count, count)];
        _stack.RemoveRange(_stack.Count - count, count);
        return items;
    }

    private object?[] PopToMark()
    {
        if (!_marks.TryPeek(out int mark)) throw input.Damaged("a mark", "none");
        object?[] items = PopMany(_stack.Count - mark);
        _marks.Pop();
        return items;
    }

    /// <summary>Values below a mark cannot be popped before the mark.</summary>
    private int Floor => _marks.TryPeek(out int mark) ? mark : 0;

    private GpuCnnException Underflow() => input.Damaged("a value on the pickle's stack", "none");

    private object? Remembered(uint index) =>
        _memo.TryGetValue(index, out object? value) ? value : throw input.Damaged("a value in the memo", $"none at {index}");

    private PickleGlobal Meet(string module, string name)
    {
        string full = $"{module}.{name}";
        if (!TorchNames.IsKnown(module, name) && _strangers.Count < MostStrangers && !_strangers.Contains(full)) _strangers.Add(full);
        return new(full);
    }

    private object? Remember(object? loaded)
    {
        if (loaded is TorchStorage storage && !_storages.TryAdd(storage.Key, storage) && _storages[storage.Key] != storage)
            throw input.Damaged("one storage for each key", $"two for {SafetensorsHeader.Quote(storage.Key)}");
        return loaded;
    }

    private void Append(object?[] items)
    {
        if (Top() is PickleOpaque) return;
        if (Top() is not PickleList list) throw input.Damaged("a list to append to", "something else");
        list.AddRange(items);
    }

    private void SetItems(object?[] items)
    {
        if (Top() is PickleOpaque) return;
        if (Top() is not PickleDict dict || items.Length % 2 != 0) throw input.Damaged("a dict and pairs to set in it", "something else");
        for (int i = 0; i < items.Length; i += 2) dict.Add(new(items[i], items[i + 1]));
    }

    private object LongInteger(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 8) return new PickleOpaque("int");
        long value = 0;
        for (int i = 0; i < bytes.Length; i++) value |= (long)bytes[i] << (8 * i);
        int unused = 64 - 8 * bytes.Length;
        return bytes.Length == 0 ? 0 : value << unused >> unused;
    }

    private PickleOpaque SkipInteger(int length)
    {
        if (length < 0) throw input.Damaged("integers with a length", "a negative length");
        input.Skip(length);
        return new("int");
    }

    private int Length() => BinaryPrimitives.ReadInt32LittleEndian(input.Bytes(4)) is >= 0 and var length
        ? length
        : throw input.Damaged("strings with a length", "a negative length");

    private string Text(int length) => Text(input.Bytes(length));

    /// <summary>Returns text; of text that is longer than any name nothing is kept. NumPy's arrays are such text.</summary>
    private object TextOrOpaque(int length)
    {
        if (length <= PickleInput.LongestPiece) return Text(length);
        input.Skip(length);
        return new PickleOpaque("str");
    }

    /// <summary>Returns text, or bytes that stay in the file: Python 2 has one type for both.</summary>
    private object Python2String(int length)
    {
        if (length < 0) throw input.Damaged("strings with a length", "a negative length");
        if (length > PickleInput.LongestPiece) return new PickleBytes(input.Skip(length), length);
        ReadOnlySpan<byte> bytes = input.Bytes(length);
        return System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : new PickleBytes(input.Position - length, length);
    }

    private string Name() => Text(input.Line());

    private string Text(ReadOnlySpan<byte> bytes) =>
        System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw input.Damaged("strings in UTF-8", "other bytes");
}
