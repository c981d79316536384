namespace GpuCnn.Engine.Checkpoints.Pickle;

/// <summary>
/// A dict by name that Python 2 pickled (protocol 2), as CIFAR's Python version is distributed: arrays of bytes, lists of whole numbers
/// and lists of text. Nothing in the file is run; other things in it are refused by name.
/// </summary>
public sealed class NumpyPickle
{
    private readonly Dictionary<string, object?> _items = [];
    private readonly string _path;

    private NumpyPickle(string path) => _path = path;

    /// <exception cref="GpuCnnException">The file cannot be read, or is no such dict.</exception>
    public static NumpyPickle Read(string path)
    {
        using NumberFile file = NumberFile.Open(path, "a pickle of NumPy arrays");
        object? value = new PickleMachine(new(file, 0, file.Length, Damaged), new NumpyNames()).Run();
        if (value is not PickleDict dict) throw Damaged(path, "a dict", "something else");
        var pickle = new NumpyPickle(path);
        foreach ((object? key, object? item) in dict)
        {
            if (key is not string name) throw Damaged(path, "items by name", "a key that is no name");
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

    /// <summary>An array of bytes, row-major.</summary>
    /// <exception cref="GpuCnnException">There is none of this name.</exception>
    public (int[] Shape, byte[] Values) Bytes(string name) =>
        _items.GetValueOrDefault(name) is (int[] shape, byte[] values) ? (shape, values)
            : throw Damaged(_path, $"an array of bytes named '{name}'", "none");

    /// <summary>A list of whole numbers.</summary>
    /// <exception cref="GpuCnnException">There is none of this name.</exception>
    public int[] Numbers(string name) =>
        _items.GetValueOrDefault(name) is PickleList list && list.All(item => item is long and >= int.MinValue and <= int.MaxValue)
            ? [.. list.Select(item => (int)(long)item!)] : throw Damaged(_path, $"a list of numbers named '{name}'", "none");

    /// <summary>A list of text.</summary>
    /// <exception cref="GpuCnnException">There is none of this name.</exception>
    public string[] Texts(string name) =>
        _items.GetValueOrDefault(name) is PickleList list
            && list.All(item => item is string) ? [.. list.Cast<string>()] : throw Damaged(_path, $"a list of text named '{name}'", "none");

    private static GpuCnnException Damaged(string path, string expected, string got) =>
        new($"'{path}' is not a pickle of NumPy arrays as Python 2 writes it: expected {expected}, but got {got}. Download the file again.");
}
