using GpuCnn;

using (var model = Model.Create("lenet5", ["even", "odd"]))
    model.Save("digits.safetensors");
using var loaded = Model.Load("digits.safetensors");
Console.WriteLine($"{loaded.Name}: {loaded.Network.ParameterCount} parameters, classes {string.Join(", ", loaded.Classes)}");
