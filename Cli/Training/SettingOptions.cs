using System.CommandLine;
using GpuCnn.Engine;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli.Training;

/// <summary>
/// The options of a run's numbers, built from the settings that declare them: those of <see cref="TrainingSettings"/>, and those of every
/// member of the open sets that it holds. A new optimizer, loss or schedule brings its options along.
/// </summary>
internal sealed class SettingOptions
{
    private readonly IReadOnlyList<(Setting Setting, Option<string?> Option)> _numbers;
    private readonly IReadOnlyList<SetOptions> _sets;

    /// <param name="except">Names of settings that have options of their own, or none.</param>
    /// <param name="exceptSets">Properties of open sets that have no options; a recipe's member stays.</param>
    public SettingOptions(IReadOnlyCollection<string> except, params IReadOnlyCollection<string> exceptSets)
    {
        _numbers =
        [
            .. Settings.Of(typeof(TrainingSettings)).Where(setting => !except.Contains(setting.Name)).Select(setting =>
                (setting, SettingText.Option(setting, $"{setting.Description} [default: the model's recipe]",
                    text => _ = SettingText.Parse(setting, text)))),
        ];
        _sets =
        [
            .. typeof(TrainingSettings).GetProperties()
                .Where(property => property.PropertyType.IsAbstract && property.PropertyType.IsAssignableTo(typeof(INamed))
                    && !exceptSets.Contains(property.Name))
                .Select(property => (SetOptions)Activator.CreateInstance(typeof(SetOptions<>).MakeGenericType(property.PropertyType),
                property)!),
        ];
        Groups = [new("Training", [.. _numbers.Select(number => number.Option)]),
            .. _sets.Select(set => new OptionGroup(set.Title, set.Options))];
        IGrouping<string, Option>? twice = Groups.SelectMany(group => group.Options).GroupBy(option => option.Name)
            .FirstOrDefault(group => group.Count() > 1);
        if (twice is not null)
            throw new GpuCnnException($"Two settings of training are options named {twice.Key}; give one of them another name by "
                + "[Setting(Name = ...)].");
    }

    public IReadOnlyList<OptionGroup> Groups { get; }

    /// <summary>The option of a setting of <see cref="TrainingSettings"/>.</summary>
    public Option Find(string name) => _numbers.Single(number => number.Setting.Name == name).Option;

    /// <summary>The value of a setting of <see cref="TrainingSettings"/>; null where it was not given.</summary>
    public object? Get(string name, ParseResult parsed)
    {
        (Setting setting, Option<string?> option) = _numbers.Single(number => number.Setting.Name == name);
        return parsed.GetValue(option) is { } text ? SettingText.Parse(setting, text) : null;
    }

    /// <summary>A recipe's settings with those of the command line in their place.</summary>
    /// <exception cref="UsageException">They do not go together.</exception>
    public TrainingSettings Apply(TrainingSettings recipe, ParseResult parsed)
    {
        TrainingSettings settings = recipe with { };
        foreach (SetOptions set in _sets) set.Property.SetValue(settings, set.Resolve(set.Property.GetValue(recipe)!, parsed));
        // A recipe's mixing is of its own loss.
        if (!settings.Loss.TakesMixedLabels) settings = settings with { Mixup = 0, CutMix = 0 };
        foreach ((Setting setting, Option<string?> option) in _numbers)
            if (parsed.GetValue(option) is { } text)
                typeof(TrainingSettings).GetProperty(setting.PropertyName)!.SetValue(settings, SettingText.Parse(setting, text));
        return UsageException.Guard(() =>
        {
            settings.Check();
            return settings;
        });
    }
}
