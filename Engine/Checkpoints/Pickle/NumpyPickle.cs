namespace GpuCnn.Engine.Checkpoints.Pickle;

/// <summary>
/// A dict with string keys that Python 2 pickled (protocol 2), such as CIFAR's Python version: arrays of bytes, lists of integers and lists
/// of text. Nothing in the file is run; any other content is refused by name.
/// </summary>
public sealed class NumpyPickle
{
    private readonly Dictionary<string, object?> _items = [];
    private readonly string _path;

    private NumpyPickle(string path) => _path = path;

    /// <exception cref="GpuCnnException">The file cannot be read or is not such a dict.</exception>
    public static NumpyPickle Read(string path)
    {
        using NumberFile file = NumberFile.Open(path, "a pickle of NumPy arrays");
        object? value = new PickleMachine(new(file, 0, file.Length, Damaged), new NumpyNames()).Run();
        if (value is not PickleDict dict) throw Damaged(path, "a dict", "something else");
        var pickle = new NumpyPickle(path);
        foreach ((object? key, object? item) in dict)
        {
            if (key is not string name) throw Damaged(path, "items by name", "a key that is not text");
            pickle._items[name] = item is PickleArray { Values: { } bytes } array ? (array.Shape, Load(bytes)) : item;
        }
        return pickle;

        byte[] Load(PickleBytes bytes)
        {
            byte[] values = new byte[bytes.Length];
            file.ReadExactly(values, bytes.Offset);
            return values;
        }
    }

    public bool Has(string name) => _items.ContainsKey(name);

    /// <summary>Returns an array of bytes, row-major.</summary>
    /// <exception cref="GpuCnnException">There is no array of bytes with this name.</exception>
    public (int[] Shape, byte[] Values) Bytes(string name) =>
        _items.GetValueOrDefault(name) is (int[] shape, byte[] values) ? (shape, values)
            : throw Damaged(_path, $"an array of bytes named '{name}'", "none");

    /// <summary>Returns a list of integers.</summary>
    /// <exception cref="GpuCnnException">There is no list of integers with this name.</exception>
    public int[] Numbers(string name) =>
        _items.GetValueOrDefault(name) is PickleList list && list.All(item => item is long and >= int.MinValue and <= int.MaxValue)
            ? [.. list.Select(item => (int)(long)item!)] : throw Damaged(_path, $"a list of numbers named '{name}'", "none");

    /// <summary>Returns a list of text.</summary>
    /// <exception cref="GpuCnnException">There is no list of text with this name.</exception>
    public string[] Texts(string name) =>
        _items.GetValueOrDefault(name) is PickleList list
            && list.All(item => item is string) ? [.. list.Cast<string>()] : throw Damaged(_path, $"a list of text named '{name}'", "none");

    private static GpuCnnException Damaged(string path, string expected, string got) =>
        new($"'{path}' is not a pickle of NumPy arrays from Python 2: expected {expected}, but got {got}. Download the file again.");
}
