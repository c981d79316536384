using GpuCnn;

using var model = Model.Load("photos.safetensors");
foreach (var prediction in model.PredictFolder("new-photos"))
    Console.WriteLine($"{prediction.Name}: {prediction.Best}");
