using System.CommandLine;
using System.Reflection;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Cli.Training;

/// <summary>The options of an open set: one that chooses a member, and one for each setting that any member has.</summary>
internal abstract class SetOptions(PropertyInfo property)
{
    /// <summary>Where the chosen member belongs.</summary>
    public PropertyInfo Property => property;

    /// <summary>What help calls them.</summary>
    public string Title => property.Name;

    public abstract IReadOnlyList<Option> Options { get; }

    /// <summary>The member that was chosen, with the settings that were given.</summary>
    /// <param name="own">The recipe's member: what was not given stays its own.</param>
    /// <exception cref="UsageException">A setting was given that the member does not have, or one is missing.</exception>
    public abstract object Resolve(object own, ParseResult parsed);
}

/// <inheritdoc/>
internal sealed class SetOptions<T> : SetOptions where T : class, INamed
{
    private const int FewNames = 4;

    private readonly Option<string?> _choice;
    private readonly IReadOnlyList<(string Name, Option<string?> Option)> _settings;

    public SetOptions(PropertyInfo property) : base(property)
    {
        IReadOnlyList<string> names = Registry<T>.Names;
        _choice = Cli.Options.Text($"--{What}", "NAME", $"{property.Name}: {Any(names)}. [default: the model's recipe]", name =>
        {
            if (!names.Contains(name, StringComparer.OrdinalIgnoreCase))
                throw new UsageException(
                    $"--{What} expects {(names.Count > FewNames ? $"one of {string.Join(", ", names)}" : Any(names))}, but got '{name}'.");
        });
        _settings =
        [
            .. Registry<T>.All.SelectMany(member => Settings.Of(member.GetType()).Select(setting => (Member: member, Setting: setting)))
                .GroupBy(known => known.Setting.Name).Select(group => (group.Key, CreateOption([.. group]))),
        ];
    }

    public override IReadOnlyList<Option> Options => [_choice, .. _settings.Select(setting => setting.Option)];

    private static string What => Registry<T>.What;

    public override object Resolve(object own, ParseResult parsed)
    {
        T mine = (T)own;
        string name = parsed.GetValue(_choice) ?? mine.Name;
        T member = name.Equals(mine.Name, StringComparison.OrdinalIgnoreCase) ? mine : Carry(mine, Registry<T>.Find(name));
        var given = new Dictionary<string, object?>();
        foreach ((string key, Option<string?> option) in _settings)
        {
            if (parsed.GetValue(option) is not { } text) continue;
            given[key] = SettingText.Parse(Find(member, key) ?? throw Foreign(key, member), text);
        }
        member = UsageException.Guard(() => Settings.With(member, given));
        Setting? missing = Settings.Of(member.GetType()).FirstOrDefault(setting => setting.IsRequired && !IsGiven(setting, member));
        return missing is null ? member : throw new UsageException(
            $"--{What} {member.Name} expects --{missing.Name} "
                + $"({Lower(missing.Description).TrimEnd('.')}), but got none; "
                + $"give {missing.Range}{SettingText.Example(missing)}.");
    }

    /// <summary>Settings of the set itself, such as warm-up, go over to another member.</summary>
    private static T Carry(T from, T to) => Settings.With(to, Settings.Of(from.GetType())
        .Where(setting => typeof(T).GetProperty(setting.PropertyName) is not null)
        .ToDictionary(setting => setting.Name, setting => setting.Get(from)));

    private static Option<string?> CreateOption(IReadOnlyList<(T Member, Setting Setting)> owners)
    {
        Setting first = owners[0].Setting;
        string[] defaults = [.. owners.Select(owner => Setting.Format(owner.Setting.Get(owner.Member))).Distinct()];
        string fallback = defaults is [{ Length: > 0 } only] ? $"the recipe's, else {only}" : "the recipe's";
        // Any member's range will do here: only the chosen one's counts, and that is known later.
        return SettingText.Option(first, $"{Describe(owners)} [default: {fallback}]", text =>
        {
            if (owners.All(owner => SettingText.TryParse(owner.Setting, text) is null)) _ = SettingText.Parse(first, text);
        });
    }

    /// <summary>The members' descriptions, with their names where not all members have one and the same.</summary>
    private static string Describe(IReadOnlyList<(T Member, Setting Setting)> owners)
    {
        IGrouping<string, string>[] groups = [.. owners.GroupBy(owner => owner.Setting.Description, owner => owner.Member.Name)];
        if (groups.Length > 1) return string.Join(" ", groups.Select(group => $"Of {All([.. group])}: {Lower(group.Key)}"));
        return groups[0].Key + (owners.Count == Registry<T>.All.Count ? "" : $" Of {All([.. groups[0]])}.");
    }

    private static string Lower(string sentence) => char.ToLowerInvariant(sentence[0]) + sentence[1..];

    private static UsageException Foreign(string setting, T member) => new(
        $"--{setting} belongs to --{What} "
            + $"{string.Join(" or ", Registry<T>.All.Where(known => Find(known, setting) is not null).Select(known => known.Name))}, "
        + $"but the {What} is {member.Name}; leave it out or name that {What}.");

    private static Setting? Find(T member, string name) => Settings.Of(member.GetType()).FirstOrDefault(setting => setting.Name == name);

    private static bool IsGiven(Setting setting, T member) => Setting.Format(setting.Get(member)).Length > 0;

    private static string Any(IReadOnlyList<string> names) => Joined(names, "or");

    private static string All(IReadOnlyList<string> names) => Joined(names, "and");

    private static string Joined(IReadOnlyList<string> names, string last) =>
        names.Count == 1 ? names[0] : $"{string.Join(", ", names.SkipLast(1))} {last} {names[^1]}";
}
