using System.Text;

namespace GpuCnn.Engine.Sets;

/// <summary>An open set by name: all implementations of <typeparamref name="T"/> that <see cref="Registry"/> finds.</summary>
public static class Registry<T> where T : class, INamed
{
    private static readonly Lock Gate = new();
    private static IReadOnlyList<T>? _all;
    private static int _version;

    /// <summary>Noun for a member in messages: "optimizer".</summary>
    public static string What { get; } = Words(typeof(T).Name);

    /// <summary>One instance of each implementation with its defaults, in the order of their names.</summary>
    /// <exception cref="GpuCnnException">A constructor throws, or two members share a name.</exception>
    public static IReadOnlyList<T> All
    {
        get
        {
            lock (Gate)
            {
                if (_all is not null && _version == Registry.Version) return _all;
                int version = Registry.Version;
                IReadOnlyList<T> found =
                [
                    .. Registry.CreateAll<T>().Where(member => member.Name.Length > 0)
                        .OrderBy(member => member.Name, StringComparer.Ordinal),
                ];
                Registry.CheckNames(What, found);
                _version = version;
                return _all = found;
            }
        }
    }

    public static IReadOnlyList<string> Names => [.. All.Select(member => member.Name)];

    /// <summary>Finds the member with a name, ignoring case, with its defaults.</summary>
    /// <exception cref="UnknownNameException">There is no such member.</exception>
    public static T Find(string name) =>
        All.FirstOrDefault(member => member.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new UnknownNameException(What, name, Names);

    /// <summary>Creates the member with a name, with the given values and defaults for the other settings.</summary>
    /// <param name="values">Values by setting name.</param>
    /// <exception cref="UnknownNameException">There is no such member.</exception>
    /// <exception cref="UnknownSettingException">The member has no such setting.</exception>
    /// <exception cref="SettingException">A value is out of range.</exception>
    public static T Create(string name, IReadOnlyDictionary<string, object?> values) => Settings.With(Find(name), values);

    private static string Words(string name)
    {
        var words = new StringBuilder();
        foreach (char letter in name)
        {
            if (char.IsUpper(letter) && words.Length > 0) words.Append(' ');
            words.Append(char.ToLowerInvariant(letter));
        }
        return words.ToString();
    }
}
